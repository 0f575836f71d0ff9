"""No connection outlives its client.

aiokafka's client closes those that it knows of at that moment. One that is opened just then, by a task that still asks,
and the first one of a start that is cut short are forgotten: they stay open until the garbage collector finds them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any, Final
from weakref import WeakKeyDictionary, WeakSet

import aiokafka.client
from aiokafka.client import AIOKafkaClient
from aiokafka.conn import AIOKafkaConnection

_starting: Final[ContextVar[AIOKafkaClient | None]] = ContextVar("_starting", default=None)
_opened: Final[WeakKeyDictionary[AIOKafkaClient, WeakSet[AIOKafkaConnection]]] = WeakKeyDictionary()
_closed: Final[WeakSet[AIOKafkaClient]] = WeakSet()


def close_every_connection() -> None:
    """Make every client of this process close, when it closes, each connection that it opened or still opens."""
    aiokafka.client.create_conn = _noting(aiokafka.client.create_conn)
    AIOKafkaClient.bootstrap = _cut_short_cleanly(AIOKafkaClient.bootstrap)
    AIOKafkaClient.close = _wholly(AIOKafkaClient.close)


def _noting(create: Callable[..., Awaitable[AIOKafkaConnection]]) -> Callable[..., Awaitable[AIOKafkaConnection]]:
    async def create_conn(*where: Any, **how: Any) -> AIOKafkaConnection:
        connection = await create(*where, **how)
        # Only the connections of a start do not name the method of their client that they call when they close.
        client = getattr(how.get("on_close"), "__self__", None) or _starting.get()
        if client in _closed:
            # Whoever waited for it is told as if the broker had closed it.
            connection.close()
        elif client is not None:
            _opened.setdefault(client, WeakSet()).add(connection)
        return connection

    return create_conn


def _cut_short_cleanly(
    bootstrap: Callable[[AIOKafkaClient], Awaitable[None]],
) -> Callable[[AIOKafkaClient], Awaitable[None]]:
    async def guarded(self: AIOKafkaClient) -> None:
        _closed.discard(self)
        token = _starting.set(self)
        try:
            await bootstrap(self)
        except BaseException:
            _close_all(self)
            raise
        finally:
            _starting.reset(token)

    return guarded


def _wholly(close: Callable[[AIOKafkaClient], Awaitable[None]]) -> Callable[[AIOKafkaClient], Awaitable[None]]:
    async def guarded(self: AIOKafkaClient) -> None:
        _closed.add(self)
        try:
            await close(self)
        finally:
            left = _close_all(self)
        if left:
            await asyncio.wait(left)

    return guarded


def _close_all(client: AIOKafkaClient) -> list[asyncio.Future[None]]:
    return [connection.close() for connection in list(_opened.pop(client, ())) if connection.connected()]

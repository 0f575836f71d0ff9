"""Clients that do not wait for their answer: what was begun for them is ended."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request

from consumer.concurrency.waits import end, first_of

T = TypeVar("T")


async def while_connected(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Return what the work returns, as long as the client waits for it; the body must have been read.

    Raises:
        ClientDisconnect: the client left, and the work was cancelled: what no thread has begun never begins.

    """
    working = asyncio.create_task(work)
    try:
        await first_of(_left(request), also=working)
        if not working.done():
            raise ClientDisconnect
        return await working
    finally:
        await end(working)


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass

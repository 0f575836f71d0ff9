"""Closing a client that only looked: whatever it says on its way out, nothing depends on it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Protocol

_CLOSE_SECONDS = 10.0


class _Stoppable(Protocol):
    def stop(self) -> Coroutine[Any, Any, object]: ...


async def stop_quietly(client: _Stoppable) -> None:
    """Stop it in a task of its own: aiokafka's consumers may cancel the task that stops them (aiokafka #647)."""
    stopping = asyncio.create_task(client.stop())
    await asyncio.wait({stopping}, timeout=_CLOSE_SECONDS)
    if not stopping.done():
        stopping.cancel()
    elif not stopping.cancelled():
        stopping.exception()

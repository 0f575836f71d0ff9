"""The deadline of one attempt at one record. It measures the record's own work, not its waiting in line."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar

_RUNNING: ContextVar[asyncio.Timeout | None] = ContextVar("deadline", default=None)


class DeadlineExceededError(TimeoutError):
    """A record worked longer than one attempt may take."""


@asynccontextmanager
async def deadline(seconds: float) -> AsyncIterator[None]:
    """Cancel the block once it has worked for that long.

    Raises:
        DeadlineExceededError: it was cancelled for that.

    """
    running = asyncio.timeout(seconds)
    try:
        async with running:
            token = _RUNNING.set(running)
            try:
                yield
            finally:
                _RUNNING.reset(token)
    except TimeoutError as error:
        if not running.expired():
            raise
        raise DeadlineExceededError(f"it took longer than {seconds:g} s") from error


@contextmanager
def off_the_clock() -> Iterator[None]:
    """Stop the clock of the attempt that runs in this task; without one, do nothing.

    For waiting in a queue, and for calls that have a deadline of their own: how long others take, or a service that is
    slow, is no fault of this record.
    """
    running = _RUNNING.get()
    due = None if running is None else running.when()
    if running is None or due is None:
        yield
        return
    loop = asyncio.get_running_loop()
    seconds_left = due - loop.time()
    running.reschedule(None)
    try:
        yield
    finally:
        running.reschedule(loop.time() + seconds_left)

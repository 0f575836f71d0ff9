"""Waiting for several things: for the first of them, or for all."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Any, TypeVar

ResultT = TypeVar("ResultT")


async def first_of(
    *waits: Awaitable[Any], also: asyncio.Future[Any] | None = None, timeout_seconds: float | None = None
) -> None:
    """Return when the first of these is done, or after the timeout; ``waits`` are cancelled, ``also`` is left alone.

    Not ``asyncio.wait_for``: before Python 3.12 it swallows a cancellation that comes together with a result.
    """
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait([*tasks, *([also] if also else [])], timeout=timeout_seconds, return_when="FIRST_COMPLETED")
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def end(task: asyncio.Future[Any]) -> None:
    """Cancel what still runs and wait for its end; its result, or error, is of no interest any more."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def together(works: Iterable[Awaitable[ResultT]]) -> list[ResultT]:
    """Work side by side, and return the results in their order; the first error ends the others, and is raised.

    Not ``asyncio.TaskGroup``, which would wrap the error in a group that callers do not catch.
    """
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

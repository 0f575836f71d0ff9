"""A commit that nobody waits for any more fails without a stack trace.

aiokafka shields each commit from the cancellation of whoever asked for it, so that one which was given up may still
land. Where it fails instead, asyncio finds an error that was never looked at, and prints all of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any

from aiokafka.consumer.group_coordinator import GroupCoordinator


def fail_unseen_where_nobody_waits() -> None:
    commit = GroupCoordinator._do_commit_offsets  # noqa: SLF001 - checked by the guard
    GroupCoordinator._do_commit_offsets = seen(commit)  # noqa: SLF001 - as above


def seen(commit: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., asyncio.Task[None]]:
    """Return the same as a task whose error counts as looked at; whoever waits for it has it raised all the same."""

    @wraps(commit)
    def commit_as_task(*args: Any, **options: Any) -> asyncio.Task[None]:
        task = asyncio.ensure_future(commit(*args, **options))
        task.add_done_callback(_look_at)
        return task

    return commit_as_task


def _look_at(task: asyncio.Task[None]) -> None:
    if not task.cancelled():
        task.exception()

"""Waiting for several things at once."""

from __future__ import annotations

import asyncio

import pytest

from consumer.concurrency.waits import together


async def test_all_run_side_by_side_and_answer_in_order() -> None:
    met = asyncio.Barrier(3)

    async def work(number: int) -> int:
        await met.wait()
        await asyncio.sleep(0.001 * (3 - number))
        return number

    assert await together(work(number) for number in range(3)) == [0, 1, 2]


async def test_the_first_error_ends_the_others_and_is_raised_as_it_is() -> None:
    ended = asyncio.Event()

    async def fail() -> None:
        await asyncio.sleep(0)
        raise LookupError("gone")

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    with pytest.raises(LookupError, match="gone"):
        await together([endless(), fail()])
    assert ended.is_set()


async def test_a_cancelled_caller_leaves_nothing_running() -> None:
    started, ended = asyncio.Event(), asyncio.Event()

    async def endless() -> None:
        try:
            started.set()
            await asyncio.Event().wait()
        finally:
            ended.set()

    caller = asyncio.create_task(together([endless()]))
    await started.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert ended.is_set()


async def test_nothing_to_do_is_nothing() -> None:
    assert await together([]) == []

"""A record's deadline measures its own work, not its waiting for others."""

from __future__ import annotations

import asyncio

import pytest

from consumer.concurrency.deadline import DeadlineExceededError, deadline, off_the_clock
from consumer.stream.failures.faults import at_stage, failure_of
from consumer.stream.processing.budget import ByteBudget
from schemas import Stage


async def test_work_beyond_the_deadline_is_cancelled_and_says_how_long_it_had() -> None:
    with pytest.raises(DeadlineExceededError, match=r"longer than 0\.01 s"):
        async with deadline(0.01):
            await asyncio.Event().wait()


async def test_a_timeout_of_the_work_itself_is_passed_on() -> None:
    """It is the work's own error, not the deadline's."""
    with pytest.raises(TimeoutError) as caught:
        async with deadline(60):
            raise TimeoutError("a socket's")

    assert not isinstance(caught.value, DeadlineExceededError)


async def test_time_off_the_clock_does_not_count() -> None:
    """However long it is; afterwards the clock goes on where it stopped."""
    waited = False

    async def work() -> None:
        nonlocal waited
        async with deadline(0.05):
            with off_the_clock():
                await asyncio.sleep(0.2)
                with off_the_clock():
                    await asyncio.sleep(0)
            waited = True
            await asyncio.Event().wait()

    with pytest.raises(DeadlineExceededError):
        await work()
    assert waited


async def test_without_a_deadline_there_is_no_clock_to_stop() -> None:
    with off_the_clock():
        await asyncio.sleep(0)


async def test_waiting_for_bytes_of_the_budget_is_off_the_clock() -> None:
    """The others hold them, which is no fault of the one that waits."""
    budget = ByteBudget(10)
    waited = asyncio.Event()

    async def second() -> None:
        async with deadline(0.05), budget.hold(10):
            waited.set()

    async with budget.hold(10):
        waiting = asyncio.create_task(second())
        await asyncio.sleep(0.2)
    await waiting

    assert waited.is_set()


async def test_a_cancellation_from_outside_stays_one() -> None:
    """A drain cancels what does not end in time: that is no deadline."""

    async def work() -> None:
        async with deadline(60):
            with off_the_clock():
                await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_the_stage_that_was_reached_is_told() -> None:
    """Although a cancellation carries no name."""

    async def work() -> Stage:
        with at_stage(Stage.FETCH):
            await asyncio.sleep(0)
        try:
            async with deadline(0.01):
                with at_stage(Stage.DECODE_IMAGE):
                    await asyncio.Event().wait()
        except DeadlineExceededError as error:
            return failure_of(error).stage
        raise AssertionError

    assert await asyncio.create_task(work()) is Stage.DECODE_IMAGE

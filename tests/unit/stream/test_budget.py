"""Budgets bound what is in flight and starve nobody."""

from __future__ import annotations

import asyncio
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumer.stream.processing.budget import ByteBudget, IntakeBudget


async def test_intake_is_bounded_by_records() -> None:
    """Room shrinks with each record and returns with it."""
    budget = IntakeBudget(max_records=2, max_bytes=100, largest_record_bytes=1)
    budget.take(1)
    assert budget.room() == 1
    budget.take(1)
    assert budget.room() == 0

    budget.give_back(1)

    assert budget.room() == 1
    assert budget.records == 1


async def test_intake_is_bounded_by_bytes() -> None:
    """A large record closes the intake although there is room for more records."""
    budget = IntakeBudget(max_records=10, max_bytes=100, largest_record_bytes=1)

    budget.take(100)

    assert budget.room() == 0
    assert budget.bytes_held == 100


@given(sizes=st.lists(st.integers(0, 50), max_size=60), seed=st.integers())
def test_bytes_in_flight_pass_the_bound_by_one_record_at_most(sizes: list[int], seed: int) -> None:
    """Taking in what there is room for, whatever order records come in and go; the largest possible is 50."""
    rng = random.Random(seed)

    async def run() -> None:
        budget = IntakeBudget(max_records=8, max_bytes=100, largest_record_bytes=50)
        held: list[int] = []
        for size in sizes:
            while not budget.room():
                budget.give_back(held.pop(rng.randrange(len(held))))
            budget.take(size)
            held.append(size)
            assert budget.records == len(held) <= 8
            assert budget.bytes_held == sum(held) < 100 + 50

    asyncio.run(run())


async def test_one_poll_takes_no_more_than_fits_when_sizes_stay_the_same() -> None:
    """Room is counted in records of the size seen lately; the first are taken for the largest there can be."""
    budget = IntakeBudget(max_records=1000, max_bytes=10_000, largest_record_bytes=1000)
    assert budget.room() == 10

    for _ in range(60):
        budget.take(100)
        budget.give_back(100)

    assert budget.room() == 100
    budget.take(2000)
    assert budget.room() == 4


async def test_whoever_waits_for_room_is_woken_by_the_first_record_given_back() -> None:
    """No polling is needed."""
    budget = IntakeBudget(max_records=1, max_bytes=100)
    budget.take(1)
    waiting = asyncio.create_task(budget.wait_for_room())
    await asyncio.sleep(0)
    assert not waiting.done()

    budget.give_back(1)

    await asyncio.wait_for(waiting, timeout=1)


@settings(deadline=None, max_examples=50)
@given(
    sizes=st.lists(st.integers(min_value=0, max_value=150), min_size=1, max_size=30),
    cancelled=st.sets(st.integers(min_value=0, max_value=29)),
    seed=st.integers(),
)
def test_bytes_held_never_exceed_the_budget_and_all_come_back(sizes: list[int], cancelled: set[int], seed: int) -> None:
    """Also when holders and waiters are cancelled at any moment; more than everything counts as everything."""
    rng = random.Random(seed)
    total = 100

    async def run() -> None:
        budget = ByteBudget(total)
        held = 0

        async def work(size: int) -> None:
            nonlocal held
            async with budget.hold(size):
                held += min(size, total)
                assert held <= total
                try:
                    for _ in range(rng.randrange(5)):
                        await asyncio.sleep(0)
                finally:
                    held -= min(size, total)

        tasks = [asyncio.create_task(work(size)) for size in sizes]
        for index in sorted(cancelled):
            for _ in range(rng.randrange(3)):
                await asyncio.sleep(0)
            if index < len(tasks):
                tasks[index].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert all(task.cancelled() or task.exception() is None for task in tasks)
        assert budget.free_bytes == total

    asyncio.run(run())


async def test_a_large_claim_is_not_starved_by_small_ones() -> None:
    """Those who come later wait behind it, even if they would fit."""
    budget = ByteBudget(10)
    order: list[str] = []

    async def work(name: str, size: int) -> None:
        async with budget.hold(size):
            order.append(name)

    async with budget.hold(5):
        large = asyncio.create_task(work("large", 10))
        await asyncio.sleep(0)
        small = asyncio.create_task(work("small", 1))
        await asyncio.sleep(0)
        assert order == []
    await asyncio.gather(large, small)

    assert order == ["large", "small"]


async def test_an_error_inside_gives_the_bytes_back() -> None:
    """A failed download must not shrink the budget."""
    budget = ByteBudget(10)

    with pytest.raises(RuntimeError):
        async with budget.hold(7):
            raise RuntimeError

    assert budget.free_bytes == 10


async def test_one_that_is_cancelled_as_it_is_served_takes_nothing_with_it() -> None:
    """Between being told and waking up, it has its share already."""
    budget = ByteBudget(10)
    first, release = asyncio.Event(), asyncio.Event()

    async def hold(taken: asyncio.Event) -> None:
        async with budget.hold(10):
            taken.set()
            await release.wait()

    holding = asyncio.create_task(hold(first))
    await first.wait()
    waiting = asyncio.create_task(hold(asyncio.Event()))
    await asyncio.sleep(0)
    release.set()
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(holding, waiting, return_exceptions=True)

    assert budget.free_bytes == 10

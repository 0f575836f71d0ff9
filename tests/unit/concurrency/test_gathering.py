"""Gathering waits for more, but never for ever, and never while it is told to hurry."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from consumer.concurrency.gathering import Enough, Gatherer
from testkit.kafka_tools import eventually

NEVER = Enough(items=1000, size_bytes=1000, seconds=1e6)


class Work:
    """Remembers its batches; may be held up, and fails what it is told to."""

    def __init__(self, *failing: int) -> None:
        self.batches: list[list[int]] = []
        self.may_end = asyncio.Event()
        self.may_end.set()
        self._failing = set(failing)

    async def __call__(self, items: Sequence[int]) -> Sequence[Exception | None]:
        self.batches.append(list(items))
        await self.may_end.wait()
        return [ValueError(str(item)) if item in self._failing else None for item in items]


async def submitted(gatherer: Gatherer[int], *items: int, size_bytes: int = 1) -> list[asyncio.Task[None]]:
    tasks = [asyncio.create_task(gatherer.submit(item, size_bytes)) for item in items]
    await asyncio.sleep(0)
    return tasks


@pytest.mark.parametrize(
    "enough", [Enough(3, 1000, 1e6), Enough(1000, 3, 1e6), Enough(1000, 1000, 0.001)], ids=["items", "bytes", "seconds"]
)
async def test_work_begins_when_it_is_enough(enough: Enough) -> None:
    work = Work()
    gatherer = Gatherer(work, enough)

    await asyncio.gather(*await submitted(gatherer, 1, 2, 3))

    assert [item for batch in work.batches for item in batch] == [1, 2, 3]


async def test_it_waits_for_more_until_it_is_hurried() -> None:
    work = Work()
    gatherer = Gatherer(work, NEVER)
    first = await submitted(gatherer, 1, 2)
    for _ in range(20):
        await asyncio.sleep(0)
    assert work.batches == []

    gatherer.hurry(1e6)
    await asyncio.gather(*first)
    await asyncio.gather(*await submitted(gatherer, 3))

    assert work.batches == [[1, 2], [3]]


async def test_each_item_has_its_own_outcome() -> None:
    gatherer = Gatherer(Work(2), Enough(3, 1000, 1e6))

    outcomes = await asyncio.gather(*await submitted(gatherer, 1, 2, 3), return_exceptions=True)

    assert [type(outcome) for outcome in outcomes] == [type(None), ValueError, type(None)]


async def test_what_the_work_raises_is_everybodys() -> None:
    async def fail(items: Sequence[int]) -> Sequence[Exception | None]:
        raise OSError("down")

    gatherer = Gatherer(fail, Enough(2, 1000, 1e6))

    outcomes = await asyncio.gather(*await submitted(gatherer, 1, 2), return_exceptions=True)

    assert [str(outcome) for outcome in outcomes] == ["down", "down"]


async def test_one_piece_of_work_at_a_time_and_what_comes_meanwhile_is_the_next() -> None:
    work = Work()
    work.may_end.clear()
    gatherer = Gatherer(work, Enough(2, 1000, 1e6))
    tasks = await submitted(gatherer, 1, 2)
    await eventually(lambda: bool(work.batches), "work has begun")
    tasks += await submitted(gatherer, 3, 4, 5)
    assert work.batches == [[1, 2]]

    work.may_end.set()
    await gatherer.close()
    await asyncio.gather(*tasks)

    assert work.batches == [[1, 2], [3, 4], [5]]


async def test_who_gave_up_is_not_worked_on() -> None:
    work = Work()
    gatherer = Gatherer(work, NEVER)
    gone, stays = await submitted(gatherer, 1, 2)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)

    await gatherer.close()
    await stays

    assert work.batches == [[2]]

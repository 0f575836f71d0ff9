"""A lookup is shared, and costs nobody more than its answer when it fails or is slow."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from consumer.services.lookups import BatchedLookup


class Table:
    """Knows each key's length; holds each batch until it is told to go on, unless ``open``."""

    def __init__(self, *, is_open: bool = True, error: Exception | None = None) -> None:
        self.batches: list[list[str]] = []
        self.error = error
        self.go_on = asyncio.Event()
        if is_open:
            self.go_on.set()

    async def find(self, keys: Sequence[str]) -> Mapping[str, int]:
        self.batches.append(list(keys))
        await self.go_on.wait()
        if self.error is not None:
            raise self.error
        return {key: len(key) for key in keys if key != "unknown"}


async def _settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_each_gets_the_answer_to_its_own_key() -> None:
    table = Table()
    lookup = BatchedLookup(table.find)

    assert await asyncio.gather(*(lookup.find(key) for key in ("a", "unknown", "ccc", "a"))) == [1, None, 3, 1]


async def test_what_comes_while_a_batch_is_asked_for_is_the_next_batch() -> None:
    """And no batch is larger than it may be."""
    table = Table(is_open=False)
    lookup = BatchedLookup(table.find, max_batch=2)
    asked = [asyncio.create_task(lookup.find("first"))]
    await _settle()
    asked += [asyncio.create_task(lookup.find(key)) for key in ("a", "bb", "ccc")]
    await _settle()
    assert table.batches == [["first"]]

    table.go_on.set()

    assert await asyncio.gather(*asked) == [5, 1, 2, 3]
    assert table.batches == [["first"], ["a", "bb"], ["ccc"]]


async def test_a_failure_finds_nothing_and_nothing_is_asked_for_a_while() -> None:
    """Not even for those that waited behind it."""
    failures: list[None] = []
    table = Table(is_open=False, error=OSError("away"))
    lookup = BatchedLookup(table.find, on_failure=lambda: failures.append(None))
    asked = [asyncio.create_task(lookup.find("first"))]
    await _settle()
    asked.append(asyncio.create_task(lookup.find("second")))
    await _settle()

    table.go_on.set()

    assert await asyncio.gather(*asked) == [None, None]
    assert await lookup.find("third") is None
    assert table.batches == [["first"]]
    assert len(failures) == 1


async def test_a_slow_answer_is_not_waited_for() -> None:
    lookup = BatchedLookup(Table(is_open=False).find, timeout_seconds=0.01)

    assert await lookup.find("a") is None


async def test_one_who_gives_up_leaves_the_answer_to_the_others() -> None:
    table = Table(is_open=False)
    lookup = BatchedLookup(table.find)
    gives_up, waits = (asyncio.create_task(lookup.find("same")) for _ in range(2))
    await _settle()

    gives_up.cancel()
    await _settle()
    table.go_on.set()

    assert await waits == 4
    await lookup.close()

"""Batches follow the load, each item gets its own outcome, and a lookup that fails costs only its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from consumer.concurrency.batching import Batcher
from consumer.concurrency.lookups import BatchedLookup


class Doubler:
    """Doubles in no time; raises at 13."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []

    async def double(self, numbers: Sequence[int]) -> list[int]:
        self.batches.append(list(numbers))
        if 13 in numbers:
            raise ValueError("unlucky")
        return [number * 2 for number in numbers]


class SlowTable:
    """Holds each batch until it is told to go on; negative numbers have an error of their own."""

    def __init__(self, batches_at_once: int = 0) -> None:
        self.batches: list[list[int]] = []
        self.go_on = asyncio.Semaphore(batches_at_once)

    async def write(self, items: Sequence[int]) -> Sequence[Exception | None]:
        self.batches.append(list(items))
        await self.go_on.acquire()
        return [ValueError(str(item)) if item < 0 else None for item in items]


class LengthTable:
    """Knows each key's length; holds each batch until it is told to go on, unless ``is_open``."""

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


async def test_what_comes_up_in_one_turn_is_one_batch() -> None:
    doubler = Doubler()
    batcher = Batcher(doubler.double)

    assert await asyncio.gather(*map(batcher.submit, (1, 2, 3))) == [2, 4, 6]
    assert await batcher.submit(4) == 8
    assert doubler.batches == [[1, 2, 3], [4]]


async def test_an_idle_batcher_starts_at_once_and_gathers_while_it_is_busy() -> None:
    """The second batch holds everything that came while the first was in work."""
    table = SlowTable()
    batcher = Batcher(table.write)
    writes = [asyncio.create_task(batcher.submit(1))]
    await _settle()
    assert table.batches == [[1]]

    writes += [asyncio.create_task(batcher.submit(item)) for item in (2, 3, 4)]
    await _settle()
    table.go_on.release()
    await _settle()
    table.go_on.release()
    await asyncio.gather(*writes)

    assert table.batches == [[1], [2, 3, 4]]


async def test_no_batch_is_larger_than_its_limit() -> None:
    """A backlog is cut into several, in the order in which it came."""
    table = SlowTable(batches_at_once=10)
    batcher = Batcher(table.write, max_batch=2)

    await asyncio.gather(*map(batcher.submit, range(5)))

    assert table.batches == [[0, 1], [2, 3], [4]]


async def test_a_further_batch_is_in_work_only_where_it_is_full() -> None:
    """Two at once are for a backlog: else each would be half as large, and cost as much."""
    table = SlowTable(batches_at_once=0)
    batcher = Batcher(table.write, max_batch=2, at_once=2)
    writes = [asyncio.create_task(batcher.submit(0))]
    await _settle()
    writes.append(asyncio.create_task(batcher.submit(1)))
    await _settle()
    assert table.batches == [[0]]

    writes += [asyncio.create_task(batcher.submit(item)) for item in range(2, 6)]
    await _settle()
    assert table.batches == [[0], [1, 2]]

    table.go_on.release()
    await _settle()
    assert table.batches == [[0], [1, 2], [3, 4]]
    table.go_on.release()
    table.go_on.release()
    await _settle()
    assert table.batches == [[0], [1, 2], [3, 4], [5]]
    table.go_on.release()
    await asyncio.gather(*writes)


async def test_a_backlog_that_comes_in_one_turn_is_cut_into_full_batches_at_once() -> None:
    table = SlowTable(batches_at_once=0)
    batcher = Batcher(table.write, max_batch=2, at_once=2)
    writes = [asyncio.create_task(batcher.submit(item)) for item in range(5)]
    await _settle()
    assert table.batches == [[0, 1], [2, 3]]

    closing = asyncio.create_task(batcher.close())
    for _ in range(3):
        assert not closing.done()
        table.go_on.release()
        await _settle()
    await asyncio.gather(closing, *writes)
    assert table.batches == [[0, 1], [2, 3], [4]]


async def test_equal_items_are_not_one_unless_they_may_be() -> None:
    doubler = Doubler()

    assert await asyncio.gather(*map(Batcher(doubler.double).submit, (2, 2))) == [4, 4]
    assert await asyncio.gather(*map(Batcher(doubler.double, shares_equal=True).submit, (2, 2))) == [4, 4]

    assert doubler.batches == [[2, 2], [2]]


async def test_each_caller_gets_its_own_outcome() -> None:
    """One refused item fails alone."""
    batcher = Batcher(SlowTable(batches_at_once=10).write)

    first, refused, third = await asyncio.gather(*map(batcher.submit, (1, -2, 3)), return_exceptions=True)

    assert first is None
    assert isinstance(refused, ValueError)
    assert third is None


async def test_many_at_once_get_their_outcomes_in_order() -> None:
    """An error is an outcome too; batches keep their limit."""
    table = SlowTable(batches_at_once=10)

    first, refused, third = await Batcher(table.write, max_batch=2).submit_all([1, -2, 3])

    assert (first, third) == (None, None)
    assert isinstance(refused, ValueError)
    assert table.batches == [[1, -2], [3]]


async def test_many_at_once_are_given_up_at_once() -> None:
    """What was not taken into a batch yet is not worked on any more."""
    table = SlowTable()
    batcher = Batcher(table.write, max_batch=2)
    many = asyncio.create_task(batcher.submit_all([1, 2, 3, 4]))
    await _settle()

    many.cancel()
    await _settle()
    table.go_on.release()
    await batcher.close()

    assert table.batches == [[1, 2]]


async def test_where_the_batch_raises_each_item_is_worked_on_alone() -> None:
    """The bad one fails, whether others came with it or not."""
    batcher = Batcher(Doubler().double, isolates=True)

    first, second, third = await asyncio.gather(*map(batcher.submit, (1, 13, 3)), return_exceptions=True)
    (alone,) = await asyncio.gather(batcher.submit(13), return_exceptions=True)

    assert (first, third) == (2, 6)
    assert isinstance(second, ValueError)
    assert isinstance(alone, ValueError)


async def test_without_isolation_what_was_raised_reaches_everyone_and_the_batcher_goes_on() -> None:
    """An outage fails all that waited for it; the next item is a new attempt."""
    attempts = 0

    async def fail_once(items: Sequence[int]) -> Sequence[Exception | None]:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            raise ConnectionError
        return [None] * len(items)

    batcher = Batcher(fail_once)

    outcomes = await asyncio.gather(batcher.submit(1), batcher.submit(2), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [ConnectionError, ConnectionError]
    await batcher.submit(3)


async def test_who_was_cancelled_in_the_same_turn_is_not_worked_on() -> None:
    doubler = Doubler()
    batcher = Batcher(doubler.double)
    gone, stays = (asyncio.ensure_future(batcher.submit(number)) for number in (1, 2))
    asyncio.get_running_loop().call_soon(gone.cancel)

    assert await stays == 4
    assert gone.cancelled()
    assert doubler.batches == [[2]]


async def test_who_gave_up_behind_a_busy_batcher_is_not_worked_on() -> None:
    """The others are not disturbed."""
    table = SlowTable()
    batcher = Batcher(table.write)
    first = asyncio.create_task(batcher.submit(1))
    await _settle()
    gone, stays = asyncio.create_task(batcher.submit(2)), asyncio.create_task(batcher.submit(3))
    await _settle()

    gone.cancel()
    for _ in range(2):
        table.go_on.release()
    await asyncio.gather(first, stays)

    assert table.batches == [[1], [3]]
    with pytest.raises(asyncio.CancelledError):
        await gone


async def test_closing_waits_for_what_is_in_work() -> None:
    table = SlowTable()
    batcher = Batcher(table.write)
    await batcher.close()
    writing = asyncio.create_task(batcher.submit(1))
    await _settle()
    closing = asyncio.create_task(batcher.close())
    await _settle()
    assert not closing.done()

    table.go_on.release()
    await closing

    await writing


async def test_each_key_gets_its_own_answer() -> None:
    lookup = BatchedLookup(LengthTable().find)

    assert await asyncio.gather(*(lookup.find(key) for key in ("a", "unknown", "ccc", "a"))) == [1, None, 3, 1]


async def test_keys_that_come_while_a_batch_is_asked_for_are_the_next_batch() -> None:
    """And no batch is larger than it may be."""
    table = LengthTable(is_open=False)
    lookup = BatchedLookup(table.find, max_batch=2)
    asked = [asyncio.create_task(lookup.find("first"))]
    await _settle()
    asked += [asyncio.create_task(lookup.find(key)) for key in ("a", "bb", "ccc")]
    await _settle()
    assert table.batches == [["first"]]

    table.go_on.set()

    assert await asyncio.gather(*asked) == [5, 1, 2, 3]
    assert table.batches == [["first"], ["a", "bb"], ["ccc"]]


async def test_a_failed_lookup_finds_nothing_and_nothing_is_asked_for_a_while() -> None:
    """Not even for those that waited behind it."""
    failures: list[None] = []
    table = LengthTable(is_open=False, error=OSError("away"))
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


async def test_a_slow_lookup_is_not_waited_for() -> None:
    lookup = BatchedLookup(LengthTable(is_open=False).find, timeout_seconds=0.01)

    assert await lookup.find("a") is None


async def test_one_who_gives_up_leaves_the_answer_to_the_others() -> None:
    table = LengthTable(is_open=False)
    lookup = BatchedLookup(table.find)
    gives_up, waits = (asyncio.create_task(lookup.find("same")) for _ in range(2))
    await _settle()

    gives_up.cancel()
    await _settle()
    table.go_on.set()

    assert await waits == 4
    await lookup.close()

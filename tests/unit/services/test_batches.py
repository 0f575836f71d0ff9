"""Batches follow the load: one item when idle, many behind a slow writer, each with its own outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from consumer.services.batches import BatchWriter


class SlowTable:
    """A writer that holds each batch until it is told to go on."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.go_on = asyncio.Semaphore(0)

    async def write(self, items: Sequence[int]) -> Sequence[Exception | None]:
        self.batches.append(list(items))
        await self.go_on.acquire()
        return [ValueError(str(item)) if item < 0 else None for item in items]


async def _settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_an_idle_writer_starts_at_once_and_gathers_while_it_is_busy() -> None:
    """The second batch holds everything that came while the first was written."""
    table = SlowTable()
    writer = BatchWriter(table.write, max_batch=100)
    writes = [asyncio.create_task(writer.write(1))]
    await _settle()
    assert table.batches == [[1]]

    writes += [asyncio.create_task(writer.write(item)) for item in (2, 3, 4)]
    await _settle()
    table.go_on.release()
    await _settle()
    table.go_on.release()
    await asyncio.gather(*writes)

    assert table.batches == [[1], [2, 3, 4]]


async def test_no_batch_is_larger_than_its_limit() -> None:
    """A backlog is cut into several."""
    table = SlowTable()
    writer = BatchWriter(table.write, max_batch=2)
    for _ in range(10):
        table.go_on.release()

    await asyncio.gather(*(writer.write(item) for item in range(5)))

    assert [item for batch in table.batches for item in batch] == list(range(5))
    assert max(len(batch) for batch in table.batches) == 2


async def test_each_caller_gets_its_own_outcome() -> None:
    """One refused item fails alone."""
    table = SlowTable()
    writer = BatchWriter(table.write, max_batch=10)
    for _ in range(10):
        table.go_on.release()

    outcomes = await asyncio.gather(*(writer.write(item) for item in (1, -2, 3)), return_exceptions=True)

    assert outcomes[0] is None
    assert isinstance(outcomes[1], ValueError)
    assert outcomes[2] is None


async def test_an_error_of_the_whole_batch_reaches_everyone_and_the_writer_goes_on() -> None:
    """An outage fails all that waited for it; the next write is a new attempt."""
    attempts = 0

    async def fail_once(items: Sequence[int]) -> Sequence[Exception | None]:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            raise ConnectionError
        return [None] * len(items)

    writer = BatchWriter(fail_once, max_batch=10)

    outcomes = await asyncio.gather(writer.write(1), writer.write(2), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [ConnectionError, ConnectionError]
    await writer.write(3)


async def test_a_caller_that_gave_up_is_not_written() -> None:
    """Its item waited behind a busy writer; the others are not disturbed."""
    table = SlowTable()
    writer = BatchWriter(table.write, max_batch=10)
    first = asyncio.create_task(writer.write(1))
    await _settle()
    gone, stays = asyncio.create_task(writer.write(2)), asyncio.create_task(writer.write(3))
    await _settle()

    gone.cancel()
    for _ in range(2):
        table.go_on.release()
    await asyncio.gather(first, stays)

    assert table.batches == [[1], [3]]
    with pytest.raises(asyncio.CancelledError):
        await gone

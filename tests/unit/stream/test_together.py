"""Records that are received together are worked on together, and alone where that does not end them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from consumer.kafka.publisher import Publisher
from consumer.kafka.records import Publication, SourceRecord
from consumer.stream.failures.breaker import Breaker, BreakerLimits
from consumer.stream.failures.faults import FaultTable
from consumer.stream.observer import SilentObserver
from consumer.stream.partitions.assignment import Assignment, drain
from consumer.stream.processing.intake import Intake
from consumer.stream.processing.processor import RecordProcessor
from consumer.stream.settings import StreamSettings

_SETTINGS = StreamSettings(topic="t", group="g")


@dataclass
class _Shelf:
    """Stores records; together only those that are not fragile."""

    together_calls: list[list[int]] = field(default_factory=list)
    alone: list[int] = field(default_factory=list)
    fragile: set[int] = field(default_factory=set)
    is_away: bool = False
    opens: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, record: SourceRecord, /) -> Sequence[Publication]:
        self.alone.append(record.offset)
        return ()

    async def together(self, records: Sequence[SourceRecord], /) -> Sequence[bool]:
        self.together_calls.append([record.offset for record in records])
        if self.is_away:
            raise ConnectionError("the shelf is away")
        await self.opens.wait()
        return [record.offset not in self.fragile for record in records]


@pytest.fixture
async def shelf() -> _Shelf:
    return _Shelf()


@pytest.fixture
def errors() -> list[BaseException]:
    return []


@pytest.fixture
async def intake(shelf: _Shelf, errors: list[BaseException]) -> Intake:
    publisher = Publisher(_no_producer, 1)
    processor = RecordProcessor(_SETTINGS, shelf, FaultTable(()), publisher, SilentObserver())
    return Intake(_SETTINGS, processor, Breaker(BreakerLimits()), SilentObserver(), errors.append)


def _no_producer() -> Any:
    raise AssertionError("nothing is published here")


def _records(*offsets: int, key: bytes | None = None) -> list[SourceRecord]:
    return [SourceRecord("t", 0, offset, 0, key or b"%d" % offset, b"value") for offset in offsets]


async def _work_ends(assignment: Assignment) -> None:
    while work := assignment.work:
        await asyncio.wait(work)


async def test_what_is_stored_together_is_finished_without_work_of_its_own(intake: Intake, shelf: _Shelf) -> None:
    """The watermark is behind the last one, and the budget is whole."""
    assignment = Assignment("t", 0)
    shelf.opens.set()

    intake.accept(assignment, _records(5, 6, 9))
    await _work_ends(assignment)

    assert (shelf.together_calls, shelf.alone) == ([[5, 6, 9]], [])
    assert assignment.ledger.watermark == 10
    assert (intake.budget.records, len(assignment.lanes)) == (0, 0)


async def test_a_single_record_is_worked_on_alone(intake: Intake, shelf: _Shelf) -> None:
    """There is nothing to share."""
    assignment = Assignment("t", 0)

    intake.accept(assignment, _records(5))
    await _work_ends(assignment)

    assert (shelf.together_calls, shelf.alone) == ([], [5])


async def test_what_is_not_stored_with_the_others_is_worked_on_alone(intake: Intake, shelf: _Shelf) -> None:
    """The others are done with."""
    assignment = Assignment("t", 0)
    shelf.fragile = {6}
    shelf.opens.set()

    intake.accept(assignment, _records(5, 6, 7))
    await _work_ends(assignment)

    assert shelf.alone == [6]
    assert assignment.ledger.watermark == 8
    assert intake.budget.records == 0


async def test_where_all_fails_each_finds_out_by_itself(
    intake: Intake, shelf: _Shelf, errors: list[BaseException]
) -> None:
    """An error of the whole batch is nobody's own, and does not end the session."""
    assignment = Assignment("t", 0)
    shelf.is_away = True

    intake.accept(assignment, _records(5, 6, 7))
    await _work_ends(assignment)

    assert sorted(shelf.alone) == [5, 6, 7]
    assert assignment.ledger.watermark == 8
    assert errors == []


async def test_nothing_new_is_begun_while_the_partition_is_taken_away(intake: Intake, shelf: _Shelf) -> None:
    """What was not stored is the next owner's, and the watermark stays before it."""
    assignment = Assignment("t", 0)
    shelf.fragile = {6}

    intake.accept(assignment, _records(5, 6, 7))
    draining = asyncio.create_task(drain([assignment], 5))
    await asyncio.sleep(0)
    shelf.opens.set()

    assert await draining == 2
    assert shelf.alone == []
    assert assignment.ledger.watermark == 6
    assert intake.budget.records == 0


async def test_what_is_cut_off_is_given_back(intake: Intake, shelf: _Shelf, errors: list[BaseException]) -> None:
    """A drain that takes too long cancels the work; no record of it counts as finished."""
    assignment = Assignment("t", 0)

    intake.accept(assignment, _records(5, 6))
    abandoned = await drain([assignment], 0.01)

    assert abandoned == 2
    assert shelf.alone == []
    assert assignment.ledger.watermark is None
    assert (intake.budget.records, errors) == (0, [])


async def test_a_record_does_not_overtake_an_earlier_one_of_its_key(intake: Intake, shelf: _Shelf) -> None:
    """Stored or not, it is finished behind it."""
    assignment = Assignment("t", 0)
    earlier = assignment.lanes.enter(b"k")
    shelf.opens.set()

    intake.accept(assignment, _records(5, 6, key=b"k"))
    await asyncio.wait(assignment.work)
    assert assignment.ledger.watermark is None

    earlier.leave(done=True)
    await _work_ends(assignment)
    assert assignment.ledger.watermark == 7


async def test_a_handler_that_forgets_a_record_ends_the_session(
    intake: Intake, shelf: _Shelf, errors: list[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the record would hold its partition for ever."""
    assignment = Assignment("t", 0)

    async def answers_once(_: Sequence[SourceRecord]) -> Sequence[bool]:
        return [True]

    monkeypatch.setattr(intake._processor, "process_together", answers_once)
    intake.accept(assignment, _records(5, 6))
    await asyncio.wait(assignment.work)
    await asyncio.sleep(0)

    assert [type(error) for error in errors] == [ValueError]
    assert intake.budget.records == 0

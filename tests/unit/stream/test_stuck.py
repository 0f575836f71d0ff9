"""Whose partition stands still is told, whatever new assignments and consumers there are meanwhile."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from consumer.kafka.records import SourceRecord
from consumer.stream.observer import SilentObserver
from consumer.stream.partitions.assignment import Assignment
from consumer.stream.stuck import StuckPartitions


class _Counting(SilentObserver):
    def __init__(self) -> None:
        self.count = 0

    def partitions_stuck(self, count: int) -> None:
        self.count = count


class _World:
    """Assignments that hold unfinished records, and a clock that is put forward by hand."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.seen = _Counting()
        self.stuck = StuckPartitions(60, self.seen)
        self.logs: list[Any] = []

    def assigned(self, *offsets: int) -> Assignment:
        assignment = Assignment("t", 0)
        for offset in offsets:
            record = SourceRecord(topic="t", partition=0, offset=offset, timestamp_ms=0, key=None, value=None)
            assignment.track(record)
        return assignment

    def looks(self, assignment: Assignment | None, seconds: float, *, is_outage: bool = False) -> int:
        """Look each ten seconds for so long; return how many partitions are stuck in the end."""
        for _ in range(int(seconds / 10)):
            self.now += 10
            self.stuck.look([assignment] if assignment else [], self.now, is_outage=is_outage)
        return self.seen.count


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch) -> Any:
    world = _World()
    monkeypatch.setattr("time.monotonic", lambda: world.now)
    with capture_logs() as world.logs:
        yield world


def _warnings(world: _World) -> list[tuple[int, int]]:
    return [(line["offset"], line["seconds"]) for line in world.logs if line["event"] == "partition.stuck"]


async def test_a_record_that_waits_for_long_enough_is_told_once(world: _World) -> None:
    """Readiness names the record."""
    held = world.assigned(7)
    assert world.looks(held, 50) == 0
    assert world.looks(held, 50) == 1
    assert world.stuck.problem() == "t[0] is stuck: record 7: its record is not finished, without an error"
    assert _warnings(world) == [(7, 60)]


async def test_assignments_one_after_another_are_one_wait(world: _World) -> None:
    """A group that is distributed anew each 20 seconds, or a consumer that is rebuilt, hides no stuck record."""
    stuck = [world.looks(world.assigned(7), 20) for _ in range(5)]
    assert stuck == [0, 0, 1, 1, 1]
    assert _warnings(world) == [(7, 60)]


async def test_the_wait_goes_on_while_the_partition_is_away_and_before_its_record_comes_again(world: _World) -> None:
    """Between two sessions nobody owns it, and a new assignment begins empty."""
    assert world.looks(world.assigned(7), 40) == 0
    assert world.looks(None, 10) == 0
    assert world.looks(world.assigned(), 10) == 0
    assert world.looks(world.assigned(7), 10) == 1


async def test_a_partition_that_went_on_waits_anew(world: _World) -> None:
    """Here or elsewhere: its oldest record is another one."""
    held = world.assigned(7, 8)
    assert world.looks(held, 50) == 0
    held.finish(7)
    assert world.looks(world.assigned(9), 50) == 0
    assert world.looks(world.assigned(), 50) == 0


async def test_a_record_that_was_finished_is_forgotten(world: _World) -> None:
    """Should its offset come once more, as after a commit that failed, it is new."""
    held = world.assigned(7)
    assert world.looks(held, 50) == 0
    held.finish(7)
    assert world.looks(held, 10) == 0
    assert world.looks(world.assigned(7), 50) == 0


async def test_an_outage_explains_all_waiting(world: _World) -> None:
    """What waits then has its whole time anew afterwards."""
    held = world.assigned(7)
    assert world.looks(held, 200, is_outage=True) == 0
    assert world.looks(held, 50) == 0
    assert world.looks(held, 10) == 1


async def test_brokers_that_were_away_between_two_sessions_explain_it_too(world: _World) -> None:
    """Nobody looks while a new consumer cannot reach them."""
    assert world.looks(world.assigned(7), 50) == 0
    world.now += 3600
    assert world.looks(world.assigned(7), 50) == 0
    assert world.looks(world.assigned(7), 20) == 1

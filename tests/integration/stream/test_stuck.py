"""Partitions that stand still: told, counted, unready, unless a known outage explains it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from structlog.testing import capture_logs

from consumer.kafka.records import Publication, SourceRecord
from consumer.stream.failures.faults import FaultKind, FaultRow, FaultTable
from consumer.stream.observer import SilentObserver
from testkit.harness import Harness, Running
from testkit.kafka_tools import eventually, limit_message_bytes, read_all, write


class OutageError(Exception):
    """The world's fault."""


class PoisonError(Exception):
    """The record's own fault."""


class Stuck(SilentObserver):
    """Remembers how many partitions were stuck."""

    def __init__(self) -> None:
        self.now = 0
        self.most = 0

    def partitions_stuck(self, count: int) -> None:
        self.now = count
        self.most = max(self.most, count)


class Failing:
    """A handler of which one record fails while ``fails`` is set."""

    def __init__(self, harness: Harness) -> None:
        self._harness = harness
        self.fails = True

    async def __call__(self, record: SourceRecord) -> Sequence[Publication]:
        if record.value == b"bad" and self.fails:
            raise OutageError("something is away")
        return (self._harness.copy(record),)


def _prepared(harness: Harness) -> Harness:
    # Looks are up to a second apart, as they ask beside a fetch that waits; of longer pauses a look blames an outage.
    harness = harness.tuned(stuck_seconds=3)
    harness.faults = FaultTable(
        (FaultRow(OutageError, FaultKind.TRANSIENT, "test"), FaultRow(PoisonError, FaultKind.POISON, "test"))
    )
    return harness


async def _written(harness: Harness) -> None:
    await write(harness.bootstrap, harness.source, [(b"a", b"bad"), (b"b", b"good")], partition=0)
    await write(harness.bootstrap, harness.source, [(b"c", b"good")] * 3, partition=1)


def _problem(running: Running) -> str:
    return running.engine.readiness_problem() or ""


async def test_a_partition_whose_record_fails_and_fails_is_told_once_and_makes_unready(harness: Harness) -> None:
    harness, stuck = _prepared(harness), Stuck()
    handler = Failing(harness)
    with capture_logs() as logs:
        async with harness.running(handler, stuck) as running:
            await _written(harness)
            await eventually(lambda: stuck.now == 1, "one partition is stuck")
            assert f"{harness.source}[0] is stuck: record 0: process, something is away" in _problem(running)
            await asyncio.sleep(0.5)
            handler.fails = False
            await harness.until_committed(5)
            await eventually(lambda: stuck.now == 0 and not _problem(running), "all is well")

    (told,) = [line for line in logs if line["event"] == "partition.stuck"]
    assert told["log_level"] == "warning"
    assert (told["partition"], told["offset"], told["error"]) == (0, 0, "process, something is away")


async def test_what_waits_out_a_known_outage_is_not_stuck_and_has_its_time_anew_afterwards(harness: Harness) -> None:
    harness, stuck = _prepared(harness).tuned(stuck_seconds=2), Stuck()
    handler, outage = Failing(harness), "the store does not answer"
    running = harness.start(handler, stuck, known_outage=lambda: outage if handler.fails else None)
    await eventually(lambda: not _problem(running), "it is a member")
    await _written(harness)
    await asyncio.sleep(4)
    assert not _problem(running)
    handler.fails = False
    await harness.until_committed(5)
    await running.shut_down()
    assert stuck.most == 0


async def test_a_dead_letter_topic_that_takes_nothing_is_told_and_loses_nothing(harness: Harness) -> None:
    harness = _prepared(harness).tuned(stuck_seconds=60)
    await limit_message_bytes(harness.bootstrap, harness.dead_letters, 100)

    async def handle(record: SourceRecord) -> Sequence[Publication]:
        if record.value == b"bad":
            raise PoisonError
        return (harness.copy(record),)

    with capture_logs() as logs:
        async with harness.running(handle) as running:
            await _written(harness)
            await eventually(lambda: "takes no dead letter" in _problem(running), "readiness tells it")
            assert harness.dead_letters in _problem(running)
            await limit_message_bytes(harness.bootstrap, harness.dead_letters, 1_000_000)
            await harness.until_committed(5)
            await eventually(lambda: not _problem(running), "all is well")

    assert any(line["event"] == "record.retry" and line["log_level"] == "warning" for line in logs)
    (letter,) = await read_all(harness.bootstrap, harness.dead_letters)
    assert letter.key == b"a"

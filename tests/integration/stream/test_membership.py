"""Ownership of partitions, where it is at its trickiest."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from consumer.kafka.records import Publication, SourceRecord
from consumer.stream.failures.faults import FaultKind, FaultRow, FaultTable
from consumer.stream.observer import SilentObserver
from consumer.stream.partitions.static_member import InstanceIdTakenError
from testkit.harness import Harness, Running
from testkit.kafka_tools import eventually, write


class PoisonError(Exception):
    """The record's own fault."""


class OutageError(Exception):
    """The world's fault."""


class Assignments(SilentObserver):
    """Remembers how often this member was given partitions."""

    def __init__(self) -> None:
        self.seen: list[frozenset[tuple[str, int]]] = []

    def partitions_assigned(self, partitions: frozenset[tuple[str, int]]) -> None:
        self.seen.append(partitions)


async def _ready(*members: Running) -> None:
    await eventually(lambda: all(member.engine.readiness_problem() is None for member in members), "members are ready")


async def test_a_shutdown_in_the_middle_of_a_rebalance_waits_for_its_drain(harness: Harness) -> None:
    """What was in flight when the partitions were taken is finished and committed, not delivered again."""
    harness = harness.tuned(drain_seconds=10)
    seen = Counter[bytes | None]()
    revoking = asyncio.Event()

    async def slow(record: SourceRecord) -> Sequence[Publication]:
        seen[record.value] += 1
        await asyncio.sleep(5)
        return (harness.copy(record),)

    async def quick(record: SourceRecord) -> Sequence[Publication]:
        seen[record.value] += 1
        return (harness.copy(record),)

    first = harness.start(slow)
    await _ready(first)
    await write(harness.bootstrap, harness.source, [(value, value) for value in (b"a", b"b", b"c")])
    await eventually(lambda: len(seen) == 3, "all are in flight")
    session = first.engine._session
    assert session is not None
    original = session._owned.on_partitions_revoked

    async def watched(revoked: set[TopicPartition]) -> None:
        revoking.set()
        await original(revoked)

    session._owned.on_partitions_revoked = watched  # type: ignore[method-assign]
    second = harness.start(quick)
    await asyncio.wait_for(revoking.wait(), 20)
    await first.shut_down()
    await harness.until_committed(3)
    await second.shut_down()

    assert seen == {b"a": 1, b"b": 1, b"c": 1}


async def test_a_record_left_behind_is_not_overtaken_by_its_successors(harness: Harness) -> None:
    """When a shutdown leaves one that waits out a fault, later ones of its key are left too; others are finished."""
    harness = harness.tuned(drain_seconds=5)
    harness.faults = FaultTable((FaultRow(OutageError, FaultKind.TRANSIENT, "test"),))
    outage = True
    waiting = asyncio.Event()

    async def handle(record: SourceRecord) -> Sequence[Publication]:
        if outage and record.value == b"a1":
            waiting.set()
            raise OutageError
        return (harness.copy(record),)

    running = harness.start(handle)
    values = [b"a1", b"a2", b"b1", b"a3"]
    await write(harness.bootstrap, harness.source, [(value[:1], value) for value in values], partition=0)
    await waiting.wait()
    await asyncio.sleep(0.5)
    await running.shut_down()
    assert await harness.output_values() == [b"b1"]
    outage = False

    async with harness.running(handle):
        await harness.until_committed(4)
    published = await harness.output_values()
    assert [value for value in published if (value or b"").startswith(b"a")] == [b"a1", b"a2", b"a3"]


async def test_a_process_that_returns_under_its_name_keeps_its_partitions(harness: Harness) -> None:
    """Static membership: the group is not disturbed, nobody else is given anything, and nothing comes twice."""
    names = ("one", "two", "three")
    seen = Counter[bytes | None]()
    watching = {name: Assignments() for name in names}

    async def handle(record: SourceRecord) -> Sequence[Publication]:
        await asyncio.sleep(0.002)
        seen[record.value] += 1
        return ()

    def start(name: str) -> Running:
        return harness.tuned(group_instance_id=name).start(handle, watching[name])

    members = {name: start(name) for name in names}
    await _ready(*members.values())
    await eventually(lambda: all(len(item.seen[-1]) == 1 for item in watching.values()), "each owns one partition")
    before = {name: list(item.seen) for name, item in watching.items()}
    values = [str(index).encode() for index in range(1500)]
    writing = asyncio.create_task(write(harness.bootstrap, harness.source, [(value, value) for value in values]))
    await asyncio.sleep(0.3)
    await members["two"].shut_down()
    await asyncio.sleep(0.5)
    members["two"] = start("two")
    await eventually(lambda: len(watching["two"].seen) > len(before["two"]), "it has its partition again")
    await writing
    await harness.until_committed(len(values))
    for member in members.values():
        await member.shut_down()

    assert seen == Counter(values)
    assert watching["one"].seen == before["one"]
    assert watching["three"].seen == before["three"]
    assert watching["two"].seen == [*before["two"], before["two"][-1]]


@pytest.mark.parametrize("apart_seconds", [0, 7])
async def test_of_two_under_one_name_one_ends_and_the_other_goes_on(harness: Harness, apart_seconds: float) -> None:
    """Left alone they would take each other's place for ever, as aiokafka says the name only when it joins."""
    harness = harness.tuned(group_instance_id="one")
    seen = set[bytes | None]()

    async def handle(record: SourceRecord) -> Sequence[Publication]:
        seen.add(record.value)
        return ()

    both = [harness.start(handle)]
    await asyncio.sleep(apart_seconds)
    both.append(harness.start(handle))
    await asyncio.wait({item.task for item in both}, return_when=asyncio.FIRST_COMPLETED, timeout=60)
    (ended,) = [item for item in both if item.task.done()]
    (stays,) = [item for item in both if not item.task.done()]
    with pytest.raises(InstanceIdTakenError, match="AEGIS_STREAM_GROUP_INSTANCE_ID=one"):
        await ended.task

    values = {str(index).encode() for index in range(50)}
    await write(harness.bootstrap, harness.source, [(value, value) for value in values])
    await harness.until_committed(len(values))
    await _ready(stays)
    await stays.shut_down()
    assert seen == values


async def test_who_is_fenced_for_its_own_place_of_before_joins_again(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the coordinator was killed in the middle of a join: nobody else goes by the name."""
    seen = set[bytes | None]()

    async def handle(record: SourceRecord) -> Sequence[Publication]:
        seen.add(record.value)
        return ()

    async def fenced(_: int) -> None:
        raise KafkaError("Unexpected error in join group response: [Error 82] FencedInstanceIdError")

    running = harness.tuned(group_instance_id="one").start(handle)
    await _ready(running)
    first: Any = running.engine._session
    monkeypatch.setattr(first._poller, "_fetch", fenced)
    await eventually(lambda: running.engine._session is not first, "it joins again")
    await write(harness.bootstrap, harness.source, [(b"key", b"value")])
    await harness.until_committed(1)
    await _ready(running)
    await running.shut_down()
    assert seen == {b"value"}


async def test_a_breaker_that_tries_one_record_survives_a_rebalance(harness: Harness) -> None:
    """The record it tried goes to another member, or comes again; either way it closes once the fault is over."""
    harness = harness.tuned(
        breaker_window=10, breaker_cool_down_seconds=0.3, max_records_in_flight=5, drain_seconds=0.1
    )
    harness.faults = FaultTable(
        (FaultRow(PoisonError, FaultKind.POISON, "test"), FaultRow(OutageError, FaultKind.TRANSIENT, "test"))
    )
    state = "poison"

    async def handle(_: SourceRecord) -> Sequence[Publication]:
        if state == "poison":
            raise PoisonError
        if state == "outage":
            raise OutageError
        return ()

    first = harness.start(handle)
    await _ready(first)
    await write(harness.bootstrap, harness.source, [(str(index).encode(), b"v") for index in range(300)])
    await eventually(lambda: "breaker" in (first.engine.readiness_problem() or ""), "the breaker opens")
    state = "outage"
    await asyncio.sleep(1)
    second = harness.start(handle)
    await _ready(second)
    await second.shut_down()
    state = "fine"
    await harness.until_committed(300)
    await _ready(first)
    await first.shut_down()


async def test_work_that_is_cancelled_by_nobody_ends_the_session(harness: Harness) -> None:
    """Its record would stay unfinished and hold its partition for ever; a supervisor starts the process again."""

    async def handle(record: SourceRecord) -> Sequence[Publication]:
        if record.value == b"bad":
            raise asyncio.CancelledError
        return (harness.copy(record),)

    running = harness.start(handle)
    await write(harness.bootstrap, harness.source, [(b"a", b"bad"), (b"b", b"good")])

    with pytest.raises(RuntimeError, match=r"cancelled by nobody we know"):
        await asyncio.wait_for(running.task, 30)
    assert await harness.committed() <= 1


async def test_offsets_that_go_back_are_read_by_a_new_consumer(harness: Harness) -> None:
    """As after a topic was cut short; the ledger takes no offset twice, so it starts anew, from the last commit."""
    seen: list[bytes | None] = []

    async def handle(record: SourceRecord) -> Sequence[Publication]:
        seen.append(record.value)
        return ()

    async with harness.running(handle) as running:
        await write(harness.bootstrap, harness.source, [(b"k", b"old")] * 20, partition=0)
        await harness.until_committed(20)
        before = running.engine._session
        assert before is not None
        before._consumer.seek(TopicPartition(harness.source, 0), 5)
        await eventually(lambda: running.engine._session is not before, "another session")
        await write(harness.bootstrap, harness.source, [(b"k", b"new")] * 3, partition=0)
        await harness.until_committed(23)

    assert seen == [b"old"] * 20 + [b"new"] * 3


async def test_records_of_a_partition_that_is_not_ours_are_not_passed_over(harness: Harness) -> None:
    """Should they come before we know that we own it, they come again."""
    seen: list[bytes | None] = []

    async def handle(record: SourceRecord) -> Sequence[Publication]:
        seen.append(record.value)
        return ()

    async with harness.running(handle) as running:
        await _ready(running)
        session = running.engine._session
        assert session is not None
        owned, session._owned._assignments = session._owned._assignments, {}
        await write(harness.bootstrap, harness.source, [(b"k", b"v")] * 5, partition=0)
        await asyncio.sleep(1)
        assert seen == []
        session._owned._assignments = owned
        await harness.until_committed(5)

    assert seen == [b"v"] * 5

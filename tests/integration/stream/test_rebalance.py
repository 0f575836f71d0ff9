"""Members come and go: work is drained, committed and handed over."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

from consumer.kafka.records import Publication, SourceRecord
from consumer.stream.failures.faults import FaultKind, FaultRow, FaultTable
from testkit.harness import Harness
from testkit.kafka_tools import eventually, write


class OutageError(Exception):
    """The world's fault."""


async def test_a_shutdown_finishes_what_is_in_flight_and_commits_it(harness: Harness) -> None:
    """The next process sees none of it again."""
    started = asyncio.Event()

    async def handle(record: SourceRecord) -> Sequence[Publication]:
        started.set()
        await asyncio.sleep(0.5)
        return (harness.copy(record),)

    running = harness.start(handle)
    await write(harness.bootstrap, harness.source, [(b"k", b"slow")])
    await started.wait()
    await running.shut_down()

    assert await harness.output_values() == [b"slow"]
    assert await harness.committed() == 1


async def test_a_shutdown_leaves_what_cannot_finish_to_the_next_owner(harness: Harness) -> None:
    """After the drain's deadline it goes uncommitted, and is delivered again."""
    harness = harness.tuned(drain_seconds=0.2)
    started = asyncio.Event()
    hang = True

    async def handle(record: SourceRecord) -> Sequence[Publication]:
        started.set()
        if hang:
            await asyncio.Event().wait()
        return (harness.copy(record),)

    running = harness.start(handle)
    await write(harness.bootstrap, harness.source, [(b"k", b"again")])
    await started.wait()
    await running.shut_down()
    assert await harness.committed() == 0
    hang = False

    async with harness.running(handle):
        await harness.until_committed(1)

    assert await harness.output_values() == [b"again"]


async def test_a_shutdown_does_not_wait_for_an_outage(harness: Harness) -> None:
    """Records that wait out a fault are left at once, far ahead of the drain's deadline."""
    harness = harness.tuned(drain_seconds=50)
    harness.faults = FaultTable((FaultRow(OutageError, FaultKind.TRANSIENT, "test"),))
    attempts = Counter[int]()

    async def handle(record: SourceRecord) -> Sequence[Publication]:
        attempts[record.offset] += 1
        raise OutageError

    running = harness.start(handle)
    await write(harness.bootstrap, harness.source, [(b"k", b"waits")])
    await eventually(lambda: attempts[0] > 3, "some attempts")

    await asyncio.wait_for(running.shut_down(), timeout=20)

    assert await harness.committed() == 0


async def test_members_that_join_and_leave_redeliver_nothing_that_could_finish(harness: Harness) -> None:
    """A rolling restart of three members under load: each record handled once."""
    seen = Counter[bytes | None]()

    async def handle(record: SourceRecord) -> Sequence[Publication]:
        await asyncio.sleep(0.005)
        seen[record.value] += 1
        return (harness.copy(record),)

    values = [str(index).encode() for index in range(1500)]
    members = [harness.start(handle)]
    await eventually(lambda: members[0].engine.readiness_problem() is None, "the first member joins")
    writing = asyncio.create_task(write(harness.bootstrap, harness.source, [(value, value) for value in values]))
    members += [harness.start(handle), harness.start(handle)]
    for index in range(3):
        await asyncio.sleep(0.3)
        await members[index].shut_down()
        members[index] = harness.start(handle)
    await writing
    await harness.until_committed(len(values))
    for member in members:
        await member.shut_down()

    assert seen == Counter(values)
    assert Counter(await harness.output_values()) == Counter(values)


async def test_a_member_without_partitions_is_ready(harness: Harness) -> None:
    """Four members on three partitions: one is idle, not dead."""

    async def handle(_: SourceRecord) -> Sequence[Publication]:
        return ()

    members = [harness.start(handle) for _ in range(4)]

    await eventually(lambda: all(member.engine.readiness_problem() is None for member in members), "all four are ready")

    for member in members:
        await member.shut_down()

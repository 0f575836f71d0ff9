"""A topic that is deleted and made again under a process: what it holds is read whole, and the change is told."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError
from structlog.testing import capture_logs

from consumer.kafka.clients import make_reader
from consumer.kafka.closing import started_consumer
from consumer.kafka.records import Publication, SourceRecord
from consumer.stream.observer import SilentObserver
from consumer.stream.partitions.topic_ids import topic_id
from schemas.connections import KafkaConnection
from testkit.harness import Harness
from testkit.kafka_tools import eventually, write

_NEW = [f"new {number}".encode() for number in range(50)]


class Moves(SilentObserver):
    """Remembers which partitions moved, and why."""

    def __init__(self) -> None:
        self.seen: set[tuple[int, str]] = set()

    def position_moved(self, topic: str, partition: int, *, reason: str) -> None:  # noqa: ARG002 - one topic
        self.seen.add((partition, reason))


async def _make_anew(harness: Harness, pause_seconds: float = 0.0) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=harness.bootstrap)
    await admin.start()
    try:
        await admin.delete_topics([harness.source])
        await asyncio.sleep(pause_seconds)

        async def made() -> bool:
            answer = await admin.create_topics([NewTopic(harness.source, 3, 1)])
            return bool(answer.topic_errors[0][1] != TopicAlreadyExistsError.errno)

        await eventually(made, "the topic is there again")
    finally:
        await admin.close()


@pytest.mark.parametrize("pause_seconds", [0, 2])
async def test_a_process_that_had_no_room_does_not_go_on_at_the_old_offset(
    harness: Harness, pause_seconds: float
) -> None:
    """It did not see the topic go, and what it was in the middle of is finished and committed after that."""
    harness = harness.tuned(max_records_in_flight=2)
    release, moves, done = asyncio.Event(), Moves(), set[bytes | None]()

    async def handle(record: SourceRecord) -> Sequence[Publication]:
        if record.value == b"old 12":
            await release.wait()
        done.add(record.value)
        return ()

    with capture_logs() as logs:
        async with harness.running(handle, moves) as running:
            await eventually(lambda: running.engine.readiness_problem() is None, "it is a member")
            await write(harness.bootstrap, harness.source, [(b"k", b"old %d" % n) for n in range(20)], partition=0)
            await eventually(lambda: b"old 11" in done, "it is in the middle of them")
            await _make_anew(harness, pause_seconds)
            await write(harness.bootstrap, harness.source, [(b"k", value) for value in _NEW], partition=0)
            release.set()
            await eventually(lambda: done >= set(_NEW), "all of the new topic is read")
            await harness.until_committed(len(_NEW))
            await eventually(lambda: (0, "again") in moves.seen, "it is told")

    told = [line for line in logs if line["event"] == "position.moved" and "made anew" in line["help"]]
    assert {line["log_level"] for line in told} == {"warning"}
    assert 0 in {line["partition"] for line in told}


async def test_an_empty_topic_in_place_of_another_is_told_without_waiting_for_records(harness: Harness) -> None:
    """What the old one held unread is lost, whoever did it."""
    moves, done = Moves(), set[bytes | None]()

    async def handle(record: SourceRecord) -> Sequence[Publication]:
        done.add(record.value)
        return ()

    async with harness.running(handle, moves) as running:
        await eventually(lambda: running.engine.readiness_problem() is None, "it is a member")
        await write(harness.bootstrap, harness.source, [(b"k", b"old")], partition=0)
        await harness.until_committed(1)
        moves.seen.clear()
        await _make_anew(harness, pause_seconds=1)
        await eventually(lambda: moves.seen == {(0, "again"), (1, "again"), (2, "again")}, "all partitions are told")
        await write(harness.bootstrap, harness.source, [(b"k", _NEW[0])], partition=1)
        await eventually(lambda: _NEW[0] in done, "the new topic is read")


async def test_a_topic_has_another_id_after_it_was_made_anew(harness: Harness) -> None:
    async with started_consumer(make_reader(KafkaConnection(bootstrap=harness.bootstrap), "test")) as reader:
        before = await topic_id(reader, harness.source)
        assert before == await topic_id(reader, harness.source)
        assert before not in {None, await topic_id(reader, harness.output)}
        await _make_anew(harness)

        async def is_another() -> bool:
            try:
                return await topic_id(reader, harness.source) not in {None, before}
            except KafkaError:
                # The controller knows of it earlier than the broker.
                return False

        await eventually(is_another, "it has another id")

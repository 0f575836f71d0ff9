"""Kafka that is killed, or freezes: nothing is lost, nothing is left behind, and nothing comes late."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence

import pytest
from aiokafka import AIOKafkaProducer

from consumer.kafka.clients import make_consumer, make_producer
from consumer.kafka.closing import abandon_producer, close_consumer
from consumer.kafka.publisher import Publisher, PublishTimeoutError
from consumer.kafka.records import Publication, SourceRecord
from consumer.replay.plans.planned_group import PlannedGroup
from consumer.stream.failures.faults import FaultKind, FaultRow, FaultTable
from devstack import Stack
from schemas.connections import KafkaConnection
from testkit.freezing import frozen
from testkit.harness import Harness
from testkit.kafka_tools import eventually, make_topics, read_all, write


def _tasks_of_aiokafka() -> list[str]:
    return [repr(task) for task in asyncio.all_tasks() if "aiokafka" in repr(task)]


def _numbered(count: int, start: int = 0) -> list[tuple[bytes | None, bytes | None]]:
    return [(f"key-{index % 17}".encode(), str(index).encode()) for index in range(start, start + count)]


async def test_a_broker_that_is_killed_while_results_are_written_loses_none(kafka: Stack, harness: Harness) -> None:
    """Those it wrote without telling are not written again: the producer is idempotent, and waits."""

    async def handle(record: SourceRecord) -> Sequence[Publication]:
        return (harness.copy(record),)

    async with harness.running(handle):
        await write(harness.bootstrap, harness.source, _numbered(2000))
        await eventually(lambda: _some(harness), "the first results")
        await asyncio.to_thread(kafka.stop, "kafka", kill=True)
        await asyncio.sleep(2)
        await asyncio.to_thread(kafka.start, "kafka")
        await harness.until_committed(2000)

    # A record may be delivered again, since its commit was lost; none is missing.
    assert set(await harness.output_values()) == {str(index).encode() for index in range(2000)}
    assert await read_all(harness.bootstrap, harness.dead_letters) == []
    assert _tasks_of_aiokafka() == []


async def _some(harness: Harness) -> bool:
    return bool(await harness.output_values())


async def test_a_dead_letter_that_cannot_be_written_holds_its_record_until_it_can(
    kafka: Stack, harness: Harness
) -> None:
    """The offset never passes a record of which nothing is kept."""
    harness = harness.tuned(publish_timeout_seconds=1)
    harness.faults = FaultTable((FaultRow(UnicodeDecodeError, FaultKind.POISON, "not text"),))
    arrived, broken = asyncio.Event(), asyncio.Event()

    async def handle(record: SourceRecord) -> Sequence[Publication]:
        arrived.set()
        await broken.wait()
        (record.value or b"").decode()
        return ()

    async with harness.running(handle):
        await write(harness.bootstrap, harness.source, [(b"k", b"\xff")])
        await arrived.wait()
        with frozen(kafka, "kafka"):
            broken.set()
            await asyncio.sleep(3)
        await harness.until_committed(1)

    (letter,) = {item.value for item in await read_all(harness.bootstrap, harness.dead_letters)}
    assert letter == b"\xff"


@pytest.mark.parametrize("in_batches", [False, True])
async def test_a_producer_that_is_given_up_writes_nothing_later(
    kafka: Stack, harness: Harness, *, in_batches: bool
) -> None:
    """What a frozen broker did not take from the old one comes from the new one alone, in its order."""
    connection = KafkaConnection(bootstrap=harness.bootstrap)
    made: list[AIOKafkaProducer] = []

    def make() -> AIOKafkaProducer:
        made.append(make_producer(connection, "test"))
        return made[-1]

    publisher = Publisher(make, timeout_seconds=1.5)
    send = publisher.send_in_batches if in_batches else publisher.send
    await send([Publication(harness.output, b"k", b"0")])
    with frozen(kafka, "kafka"):
        waiting = [
            asyncio.create_task(send([Publication(harness.output, b"k", str(number).encode())]))
            for number in range(1, 20)
        ]
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        assert all(isinstance(outcome, Exception) for outcome in outcomes)
        assert any(isinstance(outcome, PublishTimeoutError) for outcome in outcomes)

        assert _tasks_of_aiokafka() == []
    async with asyncio.timeout(20):
        while True:
            try:
                await send([Publication(harness.output, b"k", b"last")])
                break
            except Exception:  # noqa: BLE001 - it still wakes up
                await asyncio.sleep(0.2)
    await publisher.stop()

    values = await harness.output_values()
    assert values[-1] == b"last"
    await asyncio.sleep(1)
    assert await harness.output_values() == values
    assert len(made) >= 2
    assert _tasks_of_aiokafka() == []


@pytest.mark.parametrize("way", ["frozen", "killed"])
async def test_a_producer_closes_at_once_whatever_its_broker_does(kafka: Stack, harness: Harness, way: str) -> None:
    """Whoever still waits for an acknowledgement is told."""
    producer = make_producer(KafkaConnection(bootstrap=harness.bootstrap), "test")
    await producer.start()
    await producer.send_and_wait(harness.output, b"before")
    if way == "killed":
        await asyncio.to_thread(kafka.stop, "kafka", kill=True)
        sent = [await producer.send(harness.output, b"x" * 1000) for _ in range(50)]
        await asyncio.sleep(0.5)
        await abandon_producer(producer)
        await asyncio.to_thread(kafka.start, "kafka")
    else:
        with frozen(kafka, "kafka"):
            sent = [await producer.send(harness.output, b"x" * 1000) for _ in range(50)]
            await asyncio.sleep(0.5)
            await abandon_producer(producer)

    outcomes = await asyncio.gather(*sent, return_exceptions=True)
    assert all(isinstance(outcome, Exception) for outcome in outcomes)
    assert _tasks_of_aiokafka() == []


async def test_a_consumer_closes_in_time_whatever_its_broker_does(kafka: Stack, harness: Harness) -> None:
    """And no ghost of it goes on with heartbeats: the next member gets all partitions."""
    settings = harness.settings
    connection = KafkaConnection(bootstrap=harness.bootstrap)
    consumer = make_consumer(connection, settings)
    successor = make_consumer(connection, settings)
    try:
        await consumer.start()
        consumer.subscribe([harness.source])
        await eventually(lambda: len(consumer.assignment()) == 3, "it gets its partitions")
        with frozen(kafka, "kafka"):
            await asyncio.sleep(1)
            started = time.monotonic()
            await close_consumer(consumer, 1.0)
            assert time.monotonic() - started < 20
            assert _tasks_of_aiokafka() == []

        await successor.start()
        successor.subscribe([harness.source])
        await eventually(lambda: len(successor.assignment()) == 3, "the successor gets them")
    finally:
        await consumer.stop()
        await successor.stop()


async def test_a_shutdown_while_kafka_is_frozen_ends(kafka: Stack, harness: Harness) -> None:
    """Within the deadlines, not with the client's own patience; what was in flight comes again."""
    harness = harness.tuned(drain_seconds=1)
    handled: Counter[bytes | None] = Counter()

    async def handle(record: SourceRecord) -> Sequence[Publication]:
        handled[record.value] += 1
        return (harness.copy(record),)

    running = harness.start(handle)
    await write(harness.bootstrap, harness.source, _numbered(5))
    await harness.until_committed(5)
    writing = asyncio.create_task(write(harness.bootstrap, harness.source, _numbered(5, start=5)))
    await eventually(lambda: len(handled) > 5, "more is in flight")
    with frozen(kafka, "kafka"):
        async with asyncio.timeout(30):
            await running.shut_down()
    await writing

    await eventually(lambda: not _tasks_of_aiokafka(), "aiokafka's tasks have ended", 5)
    async with harness.running(handle):
        await harness.until_committed(10)
    assert set(await harness.output_values()) == {str(index).encode() for index in range(10)}


async def test_kafka_that_goes_away_while_the_topic_is_awaited(kafka: Stack, harness: Harness) -> None:
    """The engine was connected already; it goes on waiting, and begins when both are there."""
    later = harness.tuned(topic=f"{harness.source}-later")
    handled = asyncio.Event()

    async def handle(_: SourceRecord) -> Sequence[Publication]:
        handled.set()
        return ()

    async with later.running(handle) as running:
        await asyncio.sleep(0.5)
        await asyncio.to_thread(kafka.stop, "kafka", kill=True)
        await asyncio.sleep(5)
        assert not running.task.done()
        await asyncio.to_thread(kafka.start, "kafka")
        await make_topics(harness.bootstrap, 1, later.settings.topic)
        await write(harness.bootstrap, later.settings.topic, [(b"k", b"v")])
        await asyncio.wait_for(handled.wait(), 30)


async def test_an_outage_is_not_ready_and_alive(kafka: Stack, harness: Harness) -> None:
    """A restart would not help, so liveness holds; readiness says why."""

    async def handle(_: SourceRecord) -> Sequence[Publication]:
        return ()

    async with harness.running(handle) as running:
        await eventually(lambda: running.engine.readiness_problem() is None, "the engine is ready")
        await asyncio.to_thread(kafka.stop, "kafka", kill=True)
        await eventually(lambda: running.engine.readiness_problem() is not None, "the outage shows", 30)
        assert running.engine.liveness_problem() is None
        await asyncio.to_thread(kafka.start, "kafka")
        await eventually(lambda: running.engine.readiness_problem() is None, "the engine is ready again", 40)


async def test_a_look_at_a_group_waits_for_brokers_that_are_away(kafka: Stack, harness: Harness) -> None:
    async with PlannedGroup(
        KafkaConnection(bootstrap=harness.bootstrap), harness.settings.group, harness.source
    ) as group:
        before = await group.state()
        await asyncio.to_thread(kafka.stop, "kafka", kill=True)
        looking = asyncio.create_task(group.state())
        await asyncio.sleep(1)
        assert not looking.done()
        await asyncio.to_thread(kafka.start, "kafka")
        assert await looking == before

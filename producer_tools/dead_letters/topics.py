"""Reading dead-letter topics, and what of them is closed, without disturbing anybody."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from consumer.kafka.clients import make_admin, make_reader, patiently
from consumer.kafka.closing import started_admin, started_consumer
from consumer.kafka.errors import HIDDEN_TOPIC, explained
from producer_tools.dead_letters.closed_offsets import ClosedOffsets
from producer_tools.dead_letters.errors import DeadLetterError
from producer_tools.dead_letters.letters import Letter
from producer_tools.dead_letters.offsets import PartitionOffset
from schemas import dead_letter_topic
from schemas.connections import KafkaConnection

CLIENT_ID: Final = "aegis-dlq"
_POLL_MS: Final = 500


def backlog_group(source_topic: str) -> str:
    """Return the consumer group whose lag is the backlog of a source topic's dead letters."""
    return f"{dead_letter_topic(source_topic)}.redrive"


@dataclass(frozen=True, slots=True)
class Partition:
    """One partition of a dead-letter topic: the offsets it holds, ``end`` not among them, and which are closed."""

    start: int
    end: int
    closed: ClosedOffsets

    @property
    def open_letters(self) -> int:
        return self.end - self.start - self.closed.count(self.start, self.end)


@asynccontextmanager
async def opened(
    connection: KafkaConnection, consumer: AIOKafkaConsumer | None = None
) -> AsyncIterator[AIOKafkaConsumer]:
    """Give the consumer, by default one without a group, started; it commits nothing by itself.

    Raises:
        DeadLetterError: Kafka does not answer, or refuses.

    """
    with kafka_errors_told(connection):
        async with started_consumer(consumer or make_reader(connection, CLIENT_ID)) as started:
            yield started


class kafka_errors_told:  # noqa: N801 - used as a statement
    """Raise DeadLetterError in place of aiokafka's errors."""

    def __init__(self, connection: KafkaConnection) -> None:
        self._connection = connection

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, KafkaError | OSError | TimeoutError):
            raise DeadLetterError(
                f"Kafka at {self._connection.bootstrap} cannot be used: {explained(error)}."
            ) from error


async def partitions_of(consumer: AIOKafkaConsumer, topic: str) -> list[TopicPartition]:
    """Return a topic's partitions; raises DeadLetterError where there is no such topic."""
    # Naming a topic that is missing could make the broker create it, so all are asked for.
    if topic not in await consumer.topics():
        raise DeadLetterError(f"There is no topic {topic}: run `aegis topics apply`; {HIDDEN_TOPIC}.")
    numbers = await consumer._client._wait_on_metadata(topic)  # noqa: SLF001 - there is no public way that waits
    return [TopicPartition(topic, number) for number in sorted(numbers)]


async def survey(
    connection: KafkaConnection, consumer: AIOKafkaConsumer, source_topic: str
) -> dict[TopicPartition, Partition]:
    """Return what each partition of a source topic's dead letters holds now."""
    partitions = await partitions_of(consumer, dead_letter_topic(source_topic))
    starts = await consumer.beginning_offsets(partitions)
    ends = await consumer.end_offsets(partitions)
    kept = await _committed(connection, backlog_group(source_topic))
    return {item: _partition(starts[item], ends[item], kept.get(item)) for item in partitions}


def _partition(start: int, end: int, kept: tuple[int, str] | None) -> Partition:
    closed = ClosedOffsets(start) if kept is None or kept[0] > end else ClosedOffsets.decode(*kept)
    # What retention removed needs no hand any more.
    if start > 0:
        closed.close(0, start - 1)
    return Partition(start, end, closed)


async def _committed(connection: KafkaConnection, group: str) -> dict[TopicPartition, tuple[int, str]]:
    async with started_admin(make_admin(connection, CLIENT_ID)) as admin:
        offsets = await patiently(lambda: admin.list_consumer_group_offsets(group))
    return {item: (held.offset, held.metadata) for item, held in offsets.items() if held.offset >= 0}


async def read(consumer: AIOKafkaConsumer, spans: Mapping[TopicPartition, tuple[int, int]]) -> AsyncIterator[Any]:
    """Yield the records of each span (from its first offset to before its second), in order within a partition.

    The consumer must own the partitions; what of them is not read is paused.
    """
    unread = {item: end for item, (start, end) in spans.items() if start < end}
    consumer.pause(*consumer.assignment())
    for item in unread:
        consumer.seek(item, spans[item][0])
        consumer.resume(item)
    while unread:
        for item, records in (await consumer.getmany(timeout_ms=_POLL_MS)).items():
            for record in records:
                if item in unread and record.offset < unread[item]:
                    yield record
        for item in list(unread):
            if await consumer.position(item) >= unread[item]:
                del unread[item]
                consumer.pause(item)


async def open_letters(
    consumer: AIOKafkaConsumer, found: Mapping[TopicPartition, Partition], *, closed_too: bool = False
) -> AsyncIterator[Letter]:
    """Yield the letters that are not closed."""
    spans = {
        item: (partition.start if closed_too else partition.closed.next_offset, partition.end)
        for item, partition in found.items()
    }
    async for record in read(consumer, spans):
        partition = found[TopicPartition(record.topic, record.partition)]
        if closed_too or record.offset not in partition.closed:
            yield Letter.of(record)


async def letter_at(consumer: AIOKafkaConsumer, source_topic: str, place: PartitionOffset) -> Letter:
    """Return one letter, closed or not; raises DeadLetterError where there is none."""
    topic = dead_letter_topic(source_topic)
    item = TopicPartition(topic, place.partition)
    if item in await partitions_of(consumer, topic):
        consumer.assign([item])
        start = (await consumer.beginning_offsets([item]))[item]
        end = (await consumer.end_offsets([item]))[item]
        if start <= place.offset < end:
            async for record in read(consumer, {item: (place.offset, place.offset + 1)}):
                return Letter.of(record)
    raise DeadLetterError(f"There is no letter {place} on {topic}: `aegis dlq ls --each` lists those there are.")

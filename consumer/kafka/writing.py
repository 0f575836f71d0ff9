"""Handing records to a producer, one by one or in batches; nothing here waits for an acknowledgement."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, OutOfOrderSequenceNumber, UnknownProducerId
from aiokafka.partitioner import DefaultPartitioner

from consumer.kafka.records import Publication

_MISNUMBERED: Final = (OutOfOrderSequenceNumber, UnknownProducerId)
_by_key = DefaultPartitioner()


@dataclass(frozen=True, slots=True, eq=False)
class Handed:
    """What a producer was given as one: the future is done when all of the items have their outcome."""

    future: asyncio.Future[Any]
    items: Sequence[Publication]

    def __post_init__(self) -> None:
        # Its failure is retrieved also when nobody waits for it any more.
        self.future.add_done_callback(lambda done: done.cancelled() or done.exception())

    @property
    def error(self) -> BaseException | None:
        error: BaseException | None
        if self.future.cancelled():
            error = KafkaError("the producer gave up a record without a word")
        else:
            error = self.future.exception()
        return error

    @property
    def is_refused(self) -> bool:
        """Whether the broker answered that it does not take it, however often it is sent."""
        return isinstance(self.error, KafkaError) and not self.error.retriable and not self.future.cancelled()

    @property
    def is_misnumbered(self) -> bool:
        """Whether it fails only because the producer has counted a batch that the broker refused."""
        return isinstance(self.error, _MISNUMBERED)


async def one_by_one(producer: AIOKafkaProducer, publications: Sequence[Publication]) -> list[Handed]:
    """Let the producer batch the records as it likes, with those of others."""
    handed = []
    for item in publications:
        sent = await producer.send(
            item.topic,
            item.value,
            key=item.key,
            partition=item.partition,
            headers=list(item.headers),
            timestamp_ms=item.timestamp_ms,
        )
        handed.append(Handed(sent, [item]))
    return handed


async def in_batches(producer: AIOKafkaProducer, publications: Sequence[Publication]) -> list[Handed]:
    """Make whole batches of the records of each partition."""
    by_place: dict[tuple[str, int], list[Publication]] = {}
    for item, partition in zip(publications, await _partitions_of(producer, publications), strict=True):
        by_place.setdefault((item.topic, partition), []).append(item)
    return [
        await _batch_sent(producer, batch, held, topic, partition)
        for (topic, partition), items in by_place.items()
        for batch, held in _batches(producer, items)
    ]


async def each_alone(producer: AIOKafkaProducer, publications: Sequence[Publication]) -> list[Handed]:
    """Give each record a batch of its own, so that an error is about this record."""
    handed = []
    for item, partition in zip(publications, await _partitions_of(producer, publications), strict=True):
        ((batch, held),) = _batches(producer, [item])
        handed.append(await _batch_sent(producer, batch, held, item.topic, partition))
    return handed


async def _partitions_of(producer: AIOKafkaProducer, publications: Sequence[Publication]) -> list[int]:
    partitions = {
        topic: sorted(await producer.partitions_for(topic))
        for topic in {item.topic for item in publications if item.partition is None}
    }
    return [
        _by_key(item.key, partitions[item.topic], partitions[item.topic]) if item.partition is None else item.partition
        for item in publications
    ]


async def _batch_sent(
    producer: AIOKafkaProducer, batch: Any, items: Sequence[Publication], topic: str, partition: int
) -> Handed:
    # Closed, it does not linger for records of others.
    batch.close()
    return Handed(await producer.send_batch(batch, topic, partition=partition), items)


def _batches(producer: AIOKafkaProducer, items: Iterable[Publication]) -> Iterator[tuple[Any, list[Publication]]]:
    """Yield batches with the items that each holds; an empty one has room for any record."""
    batch, held = producer.create_batch(), list[Publication]()
    for item in items:
        headers = list(item.headers)
        while batch.append(key=item.key, value=item.value, headers=headers, timestamp=item.timestamp_ms) is None:
            yield batch, held
            batch, held = producer.create_batch(), []
        held.append(item)
    yield batch, held

"""Writing to Kafka so that an acknowledged record is on all in-sync replicas, once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.partitioner import DefaultPartitioner

from consumer.stream.closing import abandon_producer
from consumer.stream.faults import TOO_LARGE_ERRORS
from consumer.stream.records import Publication

_log = structlog.get_logger(__name__)
_FAILURES_BEFORE_REBUILD = 3
_by_key = DefaultPartitioner()
_Writer = Callable[[AIOKafkaProducer, Sequence[Publication]], Awaitable[list[Any]]]


class PublishTimeoutError(KafkaError):  # type: ignore[misc]  # aiokafka is untyped
    """The brokers did not acknowledge in time; the record may have arrived, and is the same when sent again."""


class Publisher:
    """An idempotent producer that is replaced when it no longer gets anything through.

    The producer itself tries again for as long as an outage lasts, in order and without writing twice, so sending waits
    for it. It can end up in a state that it never leaves, though (aiokafka #1039, #905): then it is replaced, and the
    deterministic event ids make a record that was written twice harmless. The old one is dead before a new one is made:
    of one record no late copy can come after its successor.
    """

    def __init__(self, make_producer: Callable[[], AIOKafkaProducer], timeout_seconds: float) -> None:
        self._make_producer = make_producer
        self._timeout_seconds = timeout_seconds
        self._producer: AIOKafkaProducer | None = None
        self._changing = asyncio.Lock()
        self._failures_in_a_row = 0

    async def send(self, publications: Sequence[Publication]) -> list[Any]:
        """Write records in order and return when all are acknowledged: where each of them lies.

        Raises:
            KafkaError: not acknowledged; the same records may be sent again.
            KafkaError of TOO_LARGE_ERRORS: a record is larger than the topic takes; sending again cannot help.

        """
        return await self._send(publications, _written)

    async def send_in_batches(self, publications: Sequence[Publication]) -> None:
        """As :meth:`send`, for thousands at once, at a fraction of its cost: batches are followed, not records."""
        await self._send(publications, _written_in_batches)

    async def _send(self, publications: Sequence[Publication], write: _Writer) -> list[Any]:
        if not publications:
            return []
        producer: AIOKafkaProducer | None = None
        try:
            async with asyncio.timeout(self._timeout_seconds):
                producer = await self._started()
                places = await write(producer, publications)
        except TOO_LARGE_ERRORS:
            raise
        except TimeoutError as error:
            await self._replace(producer)
            raise PublishTimeoutError(f"no acknowledgement within {self._timeout_seconds:g} s") from error
        except KafkaError:
            self._failures_in_a_row += 1
            if self._failures_in_a_row >= _FAILURES_BEFORE_REBUILD:
                await self._replace(producer)
            raise
        self._failures_in_a_row = 0
        return places

    async def stop(self) -> None:
        """Close at once; what is not acknowledged is not committed either."""
        async with self._changing:
            if self._producer is not None:
                await abandon_producer(self._producer)
                self._producer = None

    async def _started(self) -> AIOKafkaProducer:
        async with self._changing:
            if self._producer is None:
                producer = self._make_producer()
                try:
                    await producer.start()
                except BaseException:
                    await abandon_producer(producer)
                    raise
                self._producer = producer
            return self._producer

    async def _replace(self, failed: AIOKafkaProducer | None) -> None:
        """End the producer that failed, unless another record's failure has ended it already."""
        if failed is None:
            return
        async with self._changing:
            if self._producer is failed:
                _log.warning("producer.replaced", failures_in_a_row=self._failures_in_a_row)
                self._failures_in_a_row = 0
                await abandon_producer(failed)
                self._producer = None


async def _written(producer: AIOKafkaProducer, publications: Sequence[Publication]) -> list[Any]:
    pending = []
    for item in publications:
        sent = await producer.send(
            item.topic,
            item.value,
            key=item.key,
            partition=item.partition,
            headers=list(item.headers),
            timestamp_ms=item.timestamp_ms,
        )
        pending.append(_followed(sent))
    return await _acknowledged(pending)


async def _written_in_batches(producer: AIOKafkaProducer, publications: Sequence[Publication]) -> list[Any]:
    topics = {item.topic for item in publications}
    partitions = {topic: sorted(await producer.partitions_for(topic)) for topic in topics}
    by_place: dict[tuple[str, int], list[Publication]] = {}
    for item in publications:
        all_of_topic = partitions[item.topic]
        partition = _by_key(item.key, all_of_topic, all_of_topic) if item.partition is None else item.partition
        by_place.setdefault((item.topic, partition), []).append(item)
    pending = []
    for (topic, partition), items in by_place.items():
        for batch in _batches(producer, items):
            # Closed, it does not linger for records of others.
            batch.close()
            pending.append(_followed(await producer.send_batch(batch, topic, partition=partition)))
    return await _acknowledged(pending)


def _batches(producer: AIOKafkaProducer, items: Iterable[Publication]) -> Iterator[Any]:
    """Yield the items in batches; an empty one has room for any record."""
    batch = producer.create_batch()
    for item in items:
        headers = list(item.headers)
        while batch.append(key=item.key, value=item.value, headers=headers, timestamp=item.timestamp_ms) is None:
            yield batch
            batch = producer.create_batch()
    yield batch


def _followed(sent: asyncio.Future[Any]) -> asyncio.Future[Any]:
    """Hear of its failure also when nobody waits for it any more."""
    sent.add_done_callback(lambda done: done.cancelled() or done.exception())
    return sent


async def _acknowledged(pending: Sequence[asyncio.Future[Any]]) -> list[Any]:
    # Not gather, which would cancel them with us: they are the producer's.
    await asyncio.wait(pending)
    for sent in pending:
        if sent.cancelled():
            raise KafkaError("the producer gave up a record without a word")
    return [sent.result() for sent in pending]

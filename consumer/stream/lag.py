"""How far behind we are, asked from the brokers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

from consumer.stream.observer import StreamObserver
from consumer.stream.partitions.assignment import Assignment

_log = structlog.get_logger(__name__)
_TIMEOUT_SECONDS = 5.0


async def measure_lag(
    consumer: AIOKafkaConsumer, assignments: Iterable[Assignment], observer: StreamObserver
) -> int | None:
    """Return the records between what is finished and the ends of partitions that can be read, None when not to be had.

    A failed query is not a lag of zero; without partitions the brokers are asked nevertheless, whether they answer.
    """
    owned = {TopicPartition(item.topic, item.partition): item for item in assignments}
    total = 0
    try:
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            if not owned:
                await consumer.topics()
            # Before the ends, which they cannot pass then.
            reached = {place: await _reached(consumer, item, place) for place, item in owned.items()}
            ends = await consumer.end_offsets(list(owned))
            for partition, end in ends.items():
                # Behind the end there is nothing, so a consumer that stands there waits for all: its log was cut, or is
                # another one.
                lag_records = end - reached[partition] if reached[partition] <= end else end
                lag_seconds = _age_seconds(owned[partition].oldest_timestamp_ms)
                observer.lag(partition.topic, partition.partition, records=lag_records, seconds=lag_seconds)
                if not lag_records:
                    # What could not be read was deleted.
                    owned[partition].unreadable = None
                elif owned[partition].unreadable is None:
                    total += lag_records
    except (KafkaError, IllegalStateError, TimeoutError) as error:
        _log.info("lag.unknown", error_class=type(error).__name__, error=str(error))
        return None
    return total


async def _reached(consumer: AIOKafkaConsumer, assignment: Assignment, partition: TopicPartition) -> int:
    unfinished = assignment.ledger.oldest_unfinished
    return unfinished if unfinished is not None else int(await consumer.position(partition))


def _age_seconds(timestamp_ms: int | None) -> float:
    return max(0.0, time.time() - timestamp_ms / 1000) if timestamp_ms is not None else 0.0

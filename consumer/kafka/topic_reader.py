"""Reading a part of a topic from one offset to another, without a group: it disturbs nobody and leaves no trace."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final, Self

from aiokafka import TopicPartition

from consumer.kafka.clients import make_reader
from consumer.kafka.closing import close_consumer
from schemas.connections import KafkaConnection
from schemas.topics import DEAD_LETTER_MESSAGE_BYTES

_POLL_MS: Final = 500
_BATCH_RECORDS: Final = 2000
_CLOSE_SECONDS: Final = 10.0
_FETCH_BYTES: Final = 4 * DEAD_LETTER_MESSAGE_BYTES


class TopicReader:
    """One consumer that reads partitions of a topic, one after the other."""

    def __init__(self, kafka: KafkaConnection, topic: str) -> None:
        self._topic = topic
        self._consumer = make_reader(kafka, "aegis-reader", max_partition_fetch_bytes=_FETCH_BYTES)

    async def __aenter__(self) -> Self:
        try:
            await self._consumer.start()
        except BaseException:
            await close_consumer(self._consumer, _CLOSE_SECONDS)
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await close_consumer(self._consumer, _CLOSE_SECONDS)

    async def extent(self) -> dict[int, tuple[int, int]]:
        """Return where each partition begins and ends now; empty where there is no such topic. Raises KafkaError."""
        # Naming a topic that is missing could make the broker create it, so all are asked for.
        if self._topic not in await self._consumer.topics():
            return {}
        numbers = await self._consumer._client._wait_on_metadata(self._topic)  # noqa: SLF001 - no public way waits
        places = [TopicPartition(self._topic, number) for number in sorted(numbers)]
        starts, ends = await self._consumer.beginning_offsets(places), await self._consumer.end_offsets(places)
        return {place.partition: (starts[place], ends[place]) for place in places}

    async def read(self, partition: int, start: int, end: int) -> AsyncIterator[list[Any]]:
        """Yield the records from ``start`` up to, and without, ``end``, some at a time; an outage is waited out."""
        place = TopicPartition(self._topic, partition)
        self._consumer.assign([place])
        self._consumer.seek(place, start)
        while await self._consumer.position(place) < end:
            for records in (await self._consumer.getmany(timeout_ms=_POLL_MS, max_records=_BATCH_RECORDS)).values():
                wanted = [record for record in records if record.offset < end]
                if wanted:
                    yield wanted

"""Reading a part of a topic from one offset to another, without a group: it disturbs nobody and leaves no trace."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final, Self

from aiokafka import AIOKafkaConsumer, TopicPartition

from consumer.stream.closing import close_consumer
from schemas.connections import KafkaConnection
from schemas.header_names import read_any_header_name
from schemas.topics import DEAD_LETTER_MESSAGE_BYTES

_POLL_MS: Final = 500
_BATCH_RECORDS: Final = 2000
_CLOSE_SECONDS: Final = 10.0


class TopicReader:
    """One consumer that reads partitions of a topic, one after the other."""

    def __init__(self, kafka: KafkaConnection, topic: str) -> None:
        read_any_header_name()
        self._topic = topic
        self._consumer = AIOKafkaConsumer(
            **kafka.client_options(),
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=4 * DEAD_LETTER_MESSAGE_BYTES,
        )

    async def __aenter__(self) -> Self:
        try:
            await self._consumer.start()
        except BaseException:
            await close_consumer(self._consumer, _CLOSE_SECONDS)
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await close_consumer(self._consumer, _CLOSE_SECONDS)

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

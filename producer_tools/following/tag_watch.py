"""Following the tags of one run: reads the tagged topic from where it ended before the run published."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from typing import Final, Self
from uuid import UUID

from aiokafka import ConsumerRecord
from aiokafka.errors import KafkaError

from consumer.kafka.clients import make_reader
from consumer.kafka.closing import close_consumer
from consumer.kafka.errors import explained
from producer_tools.errors import DeliveryError
from schemas import AssetTagged, DeadLetter, EventDecodeError, Topics, dead_letter_topic, decode_event, header_text
from schemas.connections import KafkaConnection

_CLOSE_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class TagsCame:
    """An event of the run was tagged."""

    event_id: UUID
    tagged: AssetTagged


@dataclass(frozen=True, slots=True)
class TaggingFailed:
    """An event of the run became a dead letter."""

    event_id: UUID
    reason: str


class TagWatch:
    """A consumer without a group: it disturbs nobody and leaves no trace."""

    def __init__(self, kafka: KafkaConnection, topics: Topics, *, connect_seconds: float) -> None:
        self._tagged_topic = topics.tagged
        self._connect_seconds = connect_seconds
        dead_letters = dead_letter_topic(topics.extracted)
        self._consumer = make_reader(kafka, "aegis-extract", topics.tagged, dead_letters, begin="latest")

    async def __aenter__(self) -> Self:
        """Remember where the topics end now; raises DeliveryError."""
        try:
            async with asyncio.timeout(self._connect_seconds * 2):
                await self._consumer.start()
                ends = await self._consumer.end_offsets(self._consumer.assignment())
            for partition, offset in ends.items():
                self._consumer.seek(partition, offset)
        except (KafkaError, TimeoutError, OSError) as error:
            await close_consumer(self._consumer, _CLOSE_SECONDS)
            raise DeliveryError(f"the tags cannot be followed: {explained(error)}") from error
        return self

    async def __aexit__(self, *_: object) -> None:
        await close_consumer(self._consumer, _CLOSE_SECONDS)

    async def follow(
        self, event_ids: Collection[UUID], *, timeout_seconds: float
    ) -> AsyncIterator[TagsCame | TaggingFailed]:
        """Yield what becomes of these events, each once, until all have come or the time is over."""
        missing = set(event_ids)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_seconds
        while missing and (seconds_left := deadline - loop.time()) > 0:
            batches = await self._consumer.getmany(timeout_ms=int(min(seconds_left, 0.5) * 1000))
            for record in (record for records in batches.values() for record in records):
                result = self._read(record)
                if result is not None and result.event_id in missing:
                    missing.remove(result.event_id)
                    yield result

    def _read(self, record: ConsumerRecord[bytes, bytes]) -> TagsCame | TaggingFailed | None:
        if record.topic != self._tagged_topic:
            return _dead_letter(record)
        if record.value is None:
            return None
        try:
            tagged = decode_event(AssetTagged, record.value)
        except EventDecodeError:
            return None
        return TagsCame(tagged.extracted_event_id, tagged)


def _dead_letter(record: ConsumerRecord[bytes, bytes]) -> TaggingFailed | None:
    letter = DeadLetter.from_headers(record.headers)
    try:
        event_id = UUID(header_text(record.headers, "ce_id") or "")
    except ValueError:
        return None
    return TaggingFailed(event_id, letter.error_message if letter else "it became a dead letter")

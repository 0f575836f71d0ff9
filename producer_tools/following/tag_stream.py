"""Following what is tagged, as it is written: a consumer without a group, which disturbs nobody and leaves no trace."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final, Self

import structlog
from aiokafka.errors import KafkaError

from consumer.kafka.clients import make_reader
from consumer.kafka.closing import close_consumer
from consumer.kafka.errors import FATAL_ERRORS, missing_topic
from consumer.kafka.topics import TopicsError
from schemas import AssetRelated, AssetReviewed, AssetTagged, EventDecodeError, Tag, decode_event
from schemas.connections import KafkaConnection

_log = structlog.get_logger(__name__)
_POLL_MS: Final = 500
_PAUSE_SECONDS: Final = 1.0
_ASSIGNED_SECONDS: Final = 30.0
_LOOK_SECONDS: Final = 0.02
_CLOSE_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class AssetRemoved:
    """An asset is no more."""

    asset_id: str


Followed = AssetTagged | AssetReviewed | AssetRelated | AssetRemoved


@dataclass(frozen=True, slots=True)
class TagFilter:
    """Which events are wanted: all of it must hold, for one tag of the event at least. Empty: every event."""

    tags: frozenset[str] = frozenset()
    category: str | None = None
    min_confidence: float = 0.0

    @property
    def wants_all(self) -> bool:
        return not self.tags and self.category is None and not self.min_confidence

    def matching(self, event: AssetTagged | AssetReviewed) -> tuple[Tag, ...]:
        """Return the event's tags that are wanted."""
        return tuple(tag for tag in event.tags if self._wants(tag))

    def wants(self, event: AssetTagged | AssetReviewed) -> bool:
        """Tell whether an event is wanted: one of its tags is, or the one that a person says something of."""
        if self.wants_all or self.matching(event):
            return True
        return isinstance(event, AssetReviewed) and self._names(event.verdict.category, event.verdict.tag)

    def _names(self, category: str, tag: str) -> bool:
        return (not self.tags or tag in self.tags) and (self.category is None or category == self.category)

    def _wants(self, tag: Tag) -> bool:
        return self._names(tag.category, tag.tag) and tag.confidence >= self.min_confidence


class TagStream:
    """The events of a tagged topic, and of further ones, from where they end now, or from their beginning."""

    def __init__(
        self,
        kafka: KafkaConnection,
        topic: str,
        *,
        reviewed_topic: str | None = None,
        related_topic: str | None = None,
        from_beginning: bool = False,
    ) -> None:
        """Connect to nothing yet; needs a running event loop.

        Of the further topics one that is not there is not followed: ``unfollowed`` then says so, once the stream is
        entered.
        """
        self.unfollowed: str | None = None
        self._topic = topic
        self._reviewed_topic = reviewed_topic
        self._related_topic = related_topic
        self._from_beginning = from_beginning
        self._consumer = make_reader(kafka, "aegis-tail")

    async def __aenter__(self) -> Self:
        """Return once it is fixed where the reading begins; raises KafkaError, or TopicsError for want of the topic."""
        try:
            await self._consumer.start()
            await self._begin()
        except BaseException:
            await close_consumer(self._consumer, _CLOSE_SECONDS)
            raise
        return self

    async def _begin(self) -> None:
        there = await self._consumer.topics()
        if self._topic not in there:
            raise TopicsError(missing_topic(self._topic))
        # Not before: a consumer that starts with a topic that is not there waits for it without a word.
        further = {self._reviewed_topic: "what people say", self._related_topic: "what is there twice"}
        topics = {self._topic, *further} & there
        missing = [
            f"{what} is not shown: {missing_topic(topic)}"
            for topic, what in further.items()
            if topic and topic not in topics
        ]
        self.unfollowed = "; ".join(missing) or None
        self._consumer.subscribe(list(topics))
        async with asyncio.timeout(_ASSIGNED_SECONDS):
            while {place.topic for place in self._consumer.assignment()} != topics:  # noqa: ASYNC110 - no other way
                await asyncio.sleep(_LOOK_SECONDS)
        if not self._from_beginning:
            for partition, end in (await self._consumer.end_offsets(self._consumer.assignment())).items():
                self._consumer.seek(partition, end)

    async def __aexit__(self, *_: object) -> None:
        await close_consumer(self._consumer, _CLOSE_SECONDS)

    async def until(self, stop: asyncio.Event) -> AsyncIterator[Followed]:
        """Yield what comes, each partition in its order, until ``stop`` is set; outages are waited out.

        What is no event of a version that we know is left out: the sink has it among its dead letters.
        Raises KafkaError where we may not read, or no longer get in.
        """
        while not stop.is_set():
            try:
                batches = await self._consumer.getmany(timeout_ms=_POLL_MS)
            except FATAL_ERRORS:
                raise
            except KafkaError as error:
                _log.warning("tags.following_failed", error_class=type(error).__name__, error=str(error))
                await asyncio.sleep(_PAUSE_SECONDS)
                continue
            for record in (record for records in batches.values() for record in records):
                read = self._read(record)
                if read is not None:
                    yield read

    def _read(self, record: Any) -> Followed | None:
        if record.value is None:
            is_told = record.topic == self._topic
            return AssetRemoved((record.key or b"").decode(errors="replace")) if is_told else None
        try:
            if record.topic == self._reviewed_topic:
                return decode_event(AssetReviewed, record.value)
            if record.topic == self._related_topic:
                return decode_event(AssetRelated, record.value)
            return decode_event(AssetTagged, record.value)
        except EventDecodeError:
            return None

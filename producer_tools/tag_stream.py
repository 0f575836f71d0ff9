"""Following what is tagged, as it is written: a consumer without a group, which disturbs nobody and leaves no trace."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final, Self

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from producer_tools.topics import TopicsError
from schemas import AssetTagged, EventDecodeError, Tag, decode_event
from schemas.connections import KafkaConnection
from schemas.header_names import read_any_header_name

_log = structlog.get_logger(__name__)
_POLL_MS: Final = 500
_PAUSE_SECONDS: Final = 1.0
_ASSIGNED_SECONDS: Final = 30.0
_LOOK_SECONDS: Final = 0.02


@dataclass(frozen=True, slots=True)
class AssetRemoved:
    """An asset is no more."""

    asset_id: str


@dataclass(frozen=True, slots=True)
class TagFilter:
    """Which events are wanted: all of it must hold, for one tag of the event at least. Empty: every event."""

    tags: frozenset[str] = frozenset()
    category: str | None = None
    min_confidence: float = 0.0

    @property
    def wants_all(self) -> bool:
        return not self.tags and self.category is None and not self.min_confidence

    def matching(self, event: AssetTagged) -> tuple[Tag, ...]:
        """Return the event's tags that are wanted."""
        return tuple(tag for tag in event.tags if self._wants(tag))

    def _wants(self, tag: Tag) -> bool:
        return (
            (not self.tags or tag.tag in self.tags)
            and (self.category is None or tag.category == self.category)
            and tag.confidence >= self.min_confidence
        )


class TagStream:
    """The events of a tagged topic from where it ends now, or from its beginning."""

    def __init__(self, kafka: KafkaConnection, topic: str, *, from_beginning: bool = False) -> None:
        """Connects to nothing yet; needs a running event loop."""
        read_any_header_name()
        self._topic = topic
        self._from_beginning = from_beginning
        self._consumer = AIOKafkaConsumer(
            **kafka.client_options(), group_id=None, enable_auto_commit=False, auto_offset_reset="earliest"
        )

    async def __aenter__(self) -> Self:
        """Return once it is fixed where the reading begins; raises KafkaError, or TopicsError for want of the topic."""
        try:
            await self._consumer.start()
            await self._begin()
        except BaseException:
            await self._consumer.stop()
            raise
        return self

    async def _begin(self) -> None:
        if self._topic not in await self._consumer.topics():
            raise TopicsError(f"there is no topic {self._topic}: run: aegis topics apply")
        # Not before: a consumer that starts with a topic that is not there waits for it without a word.
        self._consumer.subscribe([self._topic])
        async with asyncio.timeout(_ASSIGNED_SECONDS):
            while not self._consumer.assignment():  # noqa: ASYNC110 - aiokafka tells of it in no other way
                await asyncio.sleep(_LOOK_SECONDS)
        if not self._from_beginning:
            for partition, end in (await self._consumer.end_offsets(self._consumer.assignment())).items():
                self._consumer.seek(partition, end)

    async def __aexit__(self, *_: object) -> None:
        await self._consumer.stop()

    async def until(self, stop: asyncio.Event) -> AsyncIterator[AssetTagged | AssetRemoved]:
        """Yield what comes, each partition in its order, until ``stop`` is set; an outage is waited out.

        What is no event of a version that we know is left out: the sink has it among its dead letters.
        """
        while not stop.is_set():
            try:
                batches = await self._consumer.getmany(timeout_ms=_POLL_MS)
            except KafkaError as error:
                _log.warning("tags.following_failed", error_class=type(error).__name__, error=str(error))
                await asyncio.sleep(_PAUSE_SECONDS)
                continue
            for record in (record for records in batches.values() for record in records):
                read = _read(record)
                if read is not None:
                    yield read


def _read(record: Any) -> AssetTagged | AssetRemoved | None:
    if record.value is None:
        return AssetRemoved((record.key or b"").decode(errors="replace"))
    try:
        return decode_event(AssetTagged, record.value)
    except EventDecodeError:
        return None

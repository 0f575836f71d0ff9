"""The comparer: asset-tagged in, asset-related out: which stored textures a new one is again.

It works behind the sink: what it reads of the others are the tables.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from consumer.concurrency.deadline import off_the_clock
from consumer.kafka.records import Publication, SourceRecord
from consumer.searching.relatives import Found, NotIndexedYetError, Relatives
from consumer.services.sink_progress import SinkProgress
from consumer.stream.failures.faults import at_stage
from schemas import (
    AssetRelated,
    AssetTagged,
    Stage,
    check_headers,
    decode_event,
    event_record,
    header_text,
    removed_asset,
    utc_now,
)
from schemas.related import Relative, related_event_id

EVENT_SOURCE: Final = "/aegis/comparer"
_INDEXED_SECONDS: Final = 0.5


class ComparingHandler:
    """Compares the texture of one record; again, it gives the same event unless more is stored by then."""

    def __init__(
        self,
        relatives: Relatives,
        progress: SinkProgress,
        output_topic: str,
        count: Callable[[Iterable[str]], None],
    ) -> None:
        """``count`` is told the relations of each event."""
        self._count = count
        self._relatives = relatives
        self._progress = progress
        self._output_topic = output_topic

    async def __call__(self, record: SourceRecord) -> Sequence[Publication]:
        """Return what the texture is of others, or the tombstone of a removed asset.

        Nothing where the asset has other content by now, was removed, or came back: a record behind this one tells.
        """
        with at_stage(Stage.DECODE_EVENT):
            event = receive(record)
        # All of it waits for others, which have deadlines of their own.
        with off_the_clock():
            with at_stage(Stage.STORE):
                await self._progress.until_stored(record)
            with at_stage(Stage.FETCH):
                if isinstance(event, str):
                    # Of a process that was stopped for a while the last word may come behind those of its successor.
                    is_back = await self._relatives.is_stored(event)
                    return () if is_back else (self._tombstone(record),)
                found = await self._found(event)
        if found is None:
            return ()
        traceparent = header_text(record.headers, "traceparent")
        related = related_event(event, found)
        self._count(item.relation for item in related.related)
        return (Publication(self._output_topic, *event_record(related, source=EVENT_SOURCE, traceparent=traceparent)),)

    def _tombstone(self, record: SourceRecord) -> Publication:
        removed_at_ms = record.timestamp_ms if record.timestamp_ms >= 0 else None
        return Publication(self._output_topic, record.key, None, record.headers, removed_at_ms)

    async def _found(self, event: AssetTagged) -> list[Found] | None:
        if event.object.sha256 is None:
            return None
        while True:
            try:
                return await self._relatives(event.asset_id, event.object.sha256)
            except NotIndexedYetError:
                with self._progress.waiting():
                    await asyncio.sleep(_INDEXED_SECONDS)


def receive(record: SourceRecord) -> AssetTagged | str:
    """Read the event of a record, or of a tombstone the asset that it removes; raises EventDecodeError."""
    check_headers(record.headers)
    if record.value is None:
        return removed_asset(record.key, record.timestamp_ms)
    return decode_event(AssetTagged, record.value)


def related_event(event: AssetTagged, found: Sequence[Found]) -> AssetRelated:
    """Return what was found as the event that tells it."""
    related = tuple(
        Relative(
            asset_id=item.asset_ids[0],
            sha256=item.content.sha256,
            relation=item.relation.value,
            said_of="this" if item.of_asked else "other",
            assets=len(item.asset_ids),
            bytes_saved=item.bytes_saved,
        )
        for item in found
    )
    return AssetRelated(
        event_id=related_event_id(event.event_id, related),
        schema_version=AssetRelated.SCHEMA_VERSION,
        occurred_at=utc_now(),
        asset_id=event.asset_id,
        tagged_event_id=event.event_id,
        sha256=event.object.sha256 or "",
        related=related,
    )

"""Publishing what people said before words were events: once, by ids that the tables keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pydantic import ValidationError

from consumer.reviewing.deciding import standing_tags
from consumer.reviewing.desk import ReviewDesk
from consumer.storage.tables.reads import TagReader
from consumer.storage.tables.verdict_reads import PastVerdict, StoredAsset, stored_assets, unpublished
from schemas import AssetReviewed, Verdict, Word
from schemas.wire import explain

_BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class Published:
    """How many were published, and in a sentence each those that no event can hold."""

    verdicts: int
    refused: tuple[str, ...]


async def publish_stored(desk: ReviewDesk, reader: TagReader) -> Published:
    """Publish them, oldest first; on return all in-sync replicas have them.

    Raises:
        KafkaError: not all were acknowledged; run again, each counts once.
        DatabaseError: they cannot be read.

    """
    count, refused = 0, []
    waiting = await unpublished(reader)
    for batch in (waiting[at : at + _BATCH] for at in range(0, len(waiting), _BATCH)):
        assets = await stored_assets(reader, [past.asset_id for past in batch])
        events = []
        for past in batch:
            try:
                events.append(_event(desk, past, assets.get(past.asset_id)))
            except ValidationError as error:
                refused.append(f"{past.tag!r} of {past.asset_id!r}: {explain(error)}")
        await desk.publish(events)
        count += len(events)
    return Published(count, tuple(refused))


def _event(desk: ReviewDesk, past: PastVerdict, asset: StoredAsset | None) -> AssetReviewed:
    word = Word(past.word)
    return AssetReviewed(
        event_id=past.event_id,
        schema_version=AssetReviewed.SCHEMA_VERSION,
        occurred_at=past.decided_at,
        asset_id=past.asset_id,
        verdict=Verdict(category=past.category, tag=past.tag, word=word, settles=desk.settles(word, past.category)),
        by=past.decided_by,
        tags=standing_tags(asset.tags if asset else ()),
    )

"""One record as the lake holds it: what the tables say of it, and which offsets it closes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from msgspec.structs import asdict

from consumer.storage.lake.offsets import RecordPlace
from consumer.storage.tables.rows import TaggedRow, Tombstone
from consumer.storage.tables.verdicts import VerdictRow


@dataclass(frozen=True, slots=True)
class Line:
    """A row and its record's place; without a row the record is closed and nothing is written."""

    place: RecordPlace
    row: dict[str, Any] | None
    size_bytes: int = 0


def tagged_line(place: RecordPlace, row: TaggedRow, size_bytes: int) -> Line:
    """Return the line of asset-tagged for an asset's tags."""
    return Line(
        place,
        {
            "asset_id": row.asset_id,
            "occurred_at": row.tagged_at,
            "removed": False,
            "event_id": str(row.event_id),
            "extracted_event_id": str(row.extracted_event_id),
            "extracted_at": row.extracted_at,
            "bucket": row.bucket,
            "object_key": row.object_key,
            "size_bytes": row.size_bytes,
            "sha256": row.sha256,
            "content_type": row.content_type,
            "width": row.width,
            "height": row.height,
            "mode": row.mode,
            "source": row.source,
            "model_id": row.model_id,
            "model_digest": row.model_digest,
            "model_precision": row.model_precision,
            "calibrated": row.calibrated,
            "taxonomy_id": row.taxonomy_id,
            "taxonomy_version": row.taxonomy_version,
            "taxonomy_digest": row.taxonomy_digest,
            "tags": [asdict(tag) for tag in row.tags],
            "findings": row.findings,
            "embedding": row.embedding.astype("<f2", copy=False).tobytes(),
            "source_partition": row.source_partition,
            "source_offset": row.source_offset,
            **_record(place),
        },
        size_bytes,
    )


def removal_line(place: RecordPlace, removal: Tombstone, size_bytes: int) -> Line:
    """Return the line of asset-tagged for an asset that was removed."""
    source = removal.place
    return Line(
        place,
        {
            "asset_id": removal.asset_id,
            "occurred_at": removal.removed_at,
            "removed": True,
            "tags": [],
            "source_partition": None if source is None else source.partition,
            "source_offset": None if source is None else source.offset,
            **_record(place),
        },
        size_bytes,
    )


def reviewed_line(place: RecordPlace, said: VerdictRow, size_bytes: int) -> Line:
    """Return the line of asset-reviewed."""
    return Line(
        place,
        {
            "asset_id": said.asset_id,
            "occurred_at": said.decided_at,
            "event_id": str(said.event_id),
            "category": said.category,
            "tag": said.tag,
            "word": said.word,
            "settles": said.settles,
            "decided_by": said.decided_by,
            **_record(place),
        },
        size_bytes,
    )


def _record(place: RecordPlace) -> dict[str, Any]:
    return {"record_topic": place.topic_id, "record_partition": place.partition, "record_offset": place.offset}

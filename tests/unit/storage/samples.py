"""Rows and events for the tests of the store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import numpy as np
from hypothesis import strategies as st
from msgspec.structs import replace

from consumer.services.storing.tagged_rows import tagged_row
from consumer.storage.tables.rows import TaggedRow, TagRow, Tombstone
from schemas import AssetTagged
from schemas.headers import SourcePlace

T0 = datetime(2026, 1, 1, tzinfo=UTC)
MODEL = "sha256:" + "a" * 64
TAXONOMY = "sha256:" + "b" * 64


def embedding(seed: int = 0, dim: int = 8) -> np.ndarray[Any, np.dtype[np.float16]]:
    vector = np.random.default_rng(seed).normal(size=dim)
    return (vector / np.linalg.norm(vector)).astype(np.float16)


def row(asset_id: str = "asset", *, extracted: float = 0, tagged: float | None = None, **fields: Any) -> TaggedRow:
    """Return a row of an event extracted, and tagged, so many seconds after T0; its one tag tells which."""
    tagged = extracted if tagged is None else tagged
    made = TaggedRow(
        asset_id=asset_id,
        event_id=uuid4(),
        extracted_event_id=uuid4(),
        extracted_at=T0 + timedelta(seconds=extracted),
        tagged_at=T0 + timedelta(seconds=tagged),
        bucket="bucket",
        object_key="key",
        size_bytes=100,
        sha256=f"{abs(hash((asset_id, extracted))):064x}"[-64:],
        content_type="image/png",
        width=4,
        height=4,
        mode="RGBA",
        source=None,
        model_id="model",
        model_digest=MODEL,
        model_precision="int8",
        calibrated=True,
        taxonomy_id="taxonomy",
        taxonomy_version="1",
        taxonomy_digest=TAXONOMY,
        tags=(TagRow("object_types", f"at-{extracted:g}-{tagged:g}", 0.5, "clip"),),
        embedding=embedding(),
    )
    return replace(made, **fields)


def with_tags(made: TaggedRow, *names: str) -> TaggedRow:
    return replace(made, tags=tuple(TagRow("object_types", name, 0.5, "clip") for name in names))


def tombstone(asset_id: str = "asset", *, removed: float = 0, place: SourcePlace | None = None) -> Tombstone:
    return Tombstone(asset_id, int((T0 + timedelta(seconds=removed)).timestamp() * 1000), place)


LyingHistory = Sequence[TaggedRow | Tombstone]


def history_of(entries: Sequence[tuple[bool, int]]) -> LyingHistory:
    """Return an asset's events and removals (True), each with the time it states, in the order of their places."""
    return [
        tombstone(removed=stated, place=SourcePlace(3, offset))
        if removes
        else row(extracted=stated, tagged=100 + offset, source_partition=3, source_offset=offset)
        for offset, (removes, stated) in enumerate(entries)
    ]


# Clocks that have nothing to do with the order of writing.
lying_histories = st.lists(st.tuples(st.booleans(), st.integers(0, 9)), max_size=8).map(history_of)


def tagged_event(**fields: Any) -> AssetTagged:
    """Return a whole event; ``fields`` replace its own, as they stand on the wire."""
    return AssetTagged.model_validate(
        {
            "event_id": UUID(int=1),
            "schema_version": "1.0",
            "occurred_at": T0 + timedelta(seconds=1),
            "asset_id": "asset",
            "extracted_event_id": UUID(int=2),
            "extracted_at": T0,
            "object": {"bucket": "bucket", "key": "key", "size": 100, "sha256": "0" * 64},
            "image": {"width": 4, "height": 4, "mode": "RGBA"},
            "tags": [{"tag": "weapon", "category": "object_types", "confidence": 0.9, "source_model": "clip"}],
            "model": {"id": "model", "digest": MODEL, "precision": "int8", "provider": "CPUExecutionProvider"},
            "taxonomy": {"id": "taxonomy", "version": "1", "digest": TAXONOMY},
            "caused_by": {"topic": "asset-extracted", "partition": 0, "offset": 0},
            "embedding": {"dim": 1, "data": "ADw="},
            **fields,
        }
    )


def tagged(**fields: Any) -> TaggedRow:
    return tagged_row(tagged_event(**fields))

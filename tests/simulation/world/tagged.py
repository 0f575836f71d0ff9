"""Tagged events for the sink, made from one that is written out once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from uuid import UUID

import numpy as np

from schemas import (
    AssetTagged,
    CausedBy,
    Embedding,
    ImageInfo,
    Model,
    ObjectRef,
    Tag,
    Taxonomy,
    TimingsMs,
    format_rfc3339,
)
from schemas.headers import SourcePlace
from tests.simulation.plan import PlannedRecord
from tests.simulation.world.clock import EPOCH

_DIGEST = f"sha256:{64 * '0'}"
_THEN = datetime(2001, 1, 1, tzinfo=UTC)
_LATER = datetime(2002, 1, 1, tzinfo=UTC)
_ID = UUID(int=2**127)
_PLACE = SourcePlace(123_456, 123_456_789)


def timestamp_ms(planned: PlannedRecord) -> int:
    """Return a time of its own for each record, so that a dead letter tells of which it is."""
    return (EPOCH - 3600 + planned.rank) * 1000 + planned.number


def extracted_at(planned: PlannedRecord) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=timestamp_ms(planned))


def place(planned: PlannedRecord) -> SourcePlace:
    """Return where the extracted event, or the removal, lies: in the order of the times."""
    return SourcePlace(planned.partition, 10**6 + planned.rank * 1000 + planned.number)


def event_id(planned: PlannedRecord) -> UUID:
    return UUID(int=planned.number + 1)


def tagged_json(planned: PlannedRecord) -> bytes:
    """Return the event of a record; its object's bucket says what the database shall do with its row."""
    at = format_rfc3339(extracted_at(planned))
    text = _template()
    for word, value in {
        "ASSET": (planned.key or b"").decode(),
        "NATURE": planned.nature.value,
        "NUMBER": f"tag-{planned.number}",
        str(_ID): str(event_id(planned)),
        format_rfc3339(_THEN): at,
        format_rfc3339(_LATER): at,
        str(_PLACE.offset): str(place(planned).offset),
        str(_PLACE.partition): str(planned.partition),
    }.items():
        text = text.replace(word, value)
    return text.encode()


@cache
def _template() -> str:
    event = AssetTagged(
        event_id=_ID,
        schema_version=AssetTagged.SCHEMA_VERSION,
        occurred_at=_LATER,
        asset_id="ASSET",
        extracted_event_id=_ID,
        extracted_at=_THEN,
        object=ObjectRef(bucket="NATURE", key="k", size=1, sha256=64 * "0"),
        image=ImageInfo(width=1, height=1, mode="RGB"),
        tags=(Tag(tag="NUMBER", category="content", confidence=0.9, source_model="m"),),
        model=Model(id="m", digest=_DIGEST, precision="fp32", provider="cpu"),
        taxonomy=Taxonomy(id="t", version="1", digest=_DIGEST),
        timings_ms=TimingsMs(),
        caused_by=CausedBy(topic="t", partition=_PLACE.partition, offset=_PLACE.offset),
        embedding=Embedding.from_array(np.ones(2, dtype=np.float32)),
    )
    return event.model_dump_json(exclude_none=True)

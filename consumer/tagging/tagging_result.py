"""What was found out about one asset, and the event that tells it: the same from the tagger and the gateway."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from schemas import (
    AssetExtracted,
    AssetTagged,
    Candidates,
    CausedBy,
    Embedding,
    Finding,
    ImageInfo,
    Model,
    ObjectRef,
    Tag,
    Taxonomy,
    TimingsMs,
    tagged_event_id,
    utc_now,
)


@dataclass(frozen=True, slots=True)
class TaggingResult:
    """Everything that the image itself gave."""

    info: ImageInfo
    tags: tuple[Tag, ...]
    candidates: Candidates | None
    pixel_evidence: Mapping[str, Mapping[str, float]]
    embedding: Embedding
    timings_ms: TimingsMs
    findings: tuple[Finding, ...] | None = None


@dataclass(frozen=True, slots=True)
class TaggedBy:
    """Who tags."""

    model: Model
    taxonomy: Taxonomy


def tagged_event(
    event: AssetExtracted, stored: ObjectRef, result: TaggingResult, by: TaggedBy, caused_by: CausedBy
) -> AssetTagged:
    """Return the answer to an extracted event; its id is the same for every repetition."""
    return AssetTagged(
        event_id=tagged_event_id(event.event_id, by.model.digest, by.taxonomy.digest),
        schema_version=AssetTagged.SCHEMA_VERSION,
        occurred_at=utc_now(),
        asset_id=event.asset_id,
        extracted_event_id=event.event_id,
        extracted_at=event.occurred_at,
        object=stored,
        image=result.info,
        tags=result.tags,
        model=by.model,
        taxonomy=by.taxonomy,
        timings_ms=result.timings_ms,
        caused_by=caused_by,
        source=event.source,
        pixel_evidence={category: dict(tests) for category, tests in result.pixel_evidence.items()},
        candidates=result.candidates,
        findings=result.findings,
        embedding=result.embedding,
    )

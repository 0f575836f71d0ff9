"""A whole and a smallest event of each kind, as they travel: shown in the generated schemas, decoded in the tests."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from schemas.base import Event, ImageInfo, ObjectRef
from schemas.dead_letters import DeadLetter, Disposition, Stage
from schemas.extracted import AssetExtracted, Extraction, Source
from schemas.objects import object_key, sha256_hex
from schemas.related import AssetRelated, Relative, related_event_id
from schemas.reviewed import HUMAN, AssetReviewed, ReviewedTag, Verdict, Word
from schemas.tagged import (
    AssetTagged,
    Candidates,
    CausedBy,
    Embedding,
    Finding,
    Model,
    Tag,
    Taxonomy,
    TimingsMs,
    tagged_event_id,
)
from schemas.wire import encode_event

_EXTRACTED_AT = datetime(2026, 1, 31, 12, 0, 0, 250_000, tzinfo=UTC)
_ASSET_ID = "demo-game/characters.unity3d/hero_diffuse"
_SHA256 = sha256_hex(b"the bytes of a texture")


def extracted_minimal() -> dict[str, Any]:
    """Return the least that an extractor must write."""
    return _on_the_wire(
        AssetExtracted(
            event_id=UUID("0b8f7c3e-6f0a-4d0e-9a39-2f6f0a7d5c11"),
            schema_version=AssetExtracted.SCHEMA_VERSION,
            occurred_at=_EXTRACTED_AT,
            asset_id=_ASSET_ID,
            object=ObjectRef(bucket="aegis-assets", key=object_key(_SHA256, "png")),
        ),
        without=("hints",),
    )


def extracted_full() -> dict[str, Any]:
    """Return an event with every field."""
    return _on_the_wire(
        AssetExtracted(
            event_id=UUID("0b8f7c3e-6f0a-4d0e-9a39-2f6f0a7d5c11"),
            schema_version=AssetExtracted.SCHEMA_VERSION,
            occurred_at=_EXTRACTED_AT,
            asset_id=_ASSET_ID,
            object=_object(),
            image=ImageInfo(width=1024, height=1024, mode="RGBA"),
            source=_source(),
            extraction=Extraction(run_id="2026-01-31-nightly", tool="aegis-tagger/0.1.0"),
            hints={"label": "hero"},
        )
    )


def tagged_full() -> dict[str, Any]:
    """Return an event with every field; its embedding has four numbers, a real one has some hundred."""
    extracted = extracted_full()
    model = Model(
        id="aegis-mini",
        digest=_digest("a model"),
        precision="int8",
        provider="CPUExecutionProvider",
        calibrated=True,
    )
    taxonomy = Taxonomy(id="game-textures", version="1", digest=_digest("a taxonomy"))
    extracted_event_id = UUID(extracted["event_id"])
    return _on_the_wire(
        AssetTagged(
            event_id=tagged_event_id(extracted_event_id, model.digest, taxonomy.digest),
            schema_version=AssetTagged.SCHEMA_VERSION,
            occurred_at=_EXTRACTED_AT + timedelta(milliseconds=1250),
            asset_id=_ASSET_ID,
            extracted_event_id=extracted_event_id,
            extracted_at=_EXTRACTED_AT,
            object=_object(),
            image=ImageInfo(width=1024, height=1024, mode="RGBA"),
            tags=(
                Tag(
                    tag="character",
                    category="object_types",
                    confidence=0.93,
                    source_model="aegis-mini",
                    base_rate=0.12,
                    gain=4.579,
                ),
                Tag(tag="earth_tones", category="color_palettes", confidence=0.71, source_model="pixels"),
            ),
            model=model,
            taxonomy=taxonomy,
            timings_ms=TimingsMs(wait=1180.2, fetch=6.4, decode=11.9, embed=42.7, score=0.3),
            caused_by=CausedBy(topic="asset-extracted", partition=3, offset=41),
            source=_source(),
            pixel_evidence={"color_palettes": {"earth_tones": 0.71, "neon": 0.0012}},
            candidates=Candidates(category="object_types", tags=("character", "prop"), coverage=0.9),
            findings=(Finding(id="AEG201", name="alpha-unused", severity="warning", value=255),),
            embedding=Embedding(dim=4, data="ADgAuAA4ALg="),
        )
    )


def tagged_nothing_found() -> dict[str, Any]:
    """Return an event of a texture in which nothing was found."""
    event = tagged_full()
    del event["source"]
    return {**event, "tags": []}


def reviewed_full() -> dict[str, Any]:
    """Return an event with every field: of two tags that exclude each other a person confirmed one."""
    return _on_the_wire(
        AssetReviewed(
            event_id=UUID("6c0d1d9e-58c5-4d6b-9a0f-0f5f1f1f6a77"),
            schema_version=AssetReviewed.SCHEMA_VERSION,
            occurred_at=_EXTRACTED_AT + timedelta(hours=3),
            asset_id=_ASSET_ID,
            verdict=Verdict(category="object_types", tag="character", word=Word.CONFIRMED, settles=True),
            by="anna",
            tags=(
                ReviewedTag(
                    tag="character", category="object_types", confidence=1, source_model=HUMAN, verdict="confirmed"
                ),
                ReviewedTag(tag="earth_tones", category="color_palettes", confidence=0.71, source_model="pixels"),
            ),
            caused_by=CausedBy(topic="asset-extracted", partition=3, offset=41),
        )
    )


def reviewed_minimal() -> dict[str, Any]:
    """Return the least that such an event has: a word was withdrawn, and the asset has no tag left."""
    event = _on_the_wire(
        AssetReviewed(
            event_id=UUID("2f2b4b1a-4c8e-4a67-8d1c-b1a5f0a9f0c3"),
            schema_version=AssetReviewed.SCHEMA_VERSION,
            occurred_at=_EXTRACTED_AT + timedelta(hours=4),
            asset_id=_ASSET_ID,
            verdict=Verdict(category="materials", tag="metal", word=Word.WITHDRAWN),
            by="anna",
            tags=(),
        )
    )
    del event["verdict"]["settles"]
    return event


def related_full() -> dict[str, Any]:
    """Return an event with every field: the texture is a smaller one of a texture that two other assets have."""
    related = (
        Relative(
            asset_id="demo-game/characters.unity3d/hero_diffuse_hd",
            sha256=sha256_hex(b"the bytes of a larger texture"),
            relation="mip-of",
            said_of="this",
            assets=2,
            bytes_saved=88_213,
        ),
    )
    return _related(related)


def related_nothing_found() -> dict[str, Any]:
    """Return an event of a texture that is like no other."""
    return _related(())


def _related(related: tuple[Relative, ...]) -> dict[str, Any]:
    tagged_event_id = UUID(tagged_full()["event_id"])
    return _on_the_wire(
        AssetRelated(
            event_id=related_event_id(tagged_event_id, related),
            schema_version=AssetRelated.SCHEMA_VERSION,
            occurred_at=_EXTRACTED_AT + timedelta(seconds=3),
            asset_id=_ASSET_ID,
            tagged_event_id=tagged_event_id,
            sha256=_SHA256,
            related=related,
        )
    )


def dead_letter() -> DeadLetter:
    return DeadLetter(
        error_class="ImageRejectedError",
        error_message="the object is no image that can be decoded",
        error_stage=Stage.DECODE_IMAGE,
        topic="asset-extracted",
        partition=3,
        offset=41,
        timestamp="2026-01-31T12:00:00.251Z",
        group="aegis-tagger",
        attempts=1,
        disposition=Disposition.POISON,
        first_failed_at="2026-01-31T12:00:01.500Z",
        last_failed_at="2026-01-31T12:00:01.500Z",
    )


def as_text(headers: tuple[tuple[str, bytes | None], ...]) -> dict[str, str]:
    """Return headers as a schema sees them: one text for each name."""
    return {name: (value or b"").decode() for name, value in headers}


def _object() -> ObjectRef:
    return ObjectRef(
        bucket="aegis-assets",
        key=object_key(_SHA256, "png"),
        size=88_213,
        sha256=_SHA256,
        content_type="image/png",
    )


def _source() -> Source:
    return Source(
        archive="characters.unity3d",
        container_path="assets/characters/hero_diffuse.png",
        name="hero_diffuse",
        type="Texture2D",
        engine="unity 2021.3.5f1",
        game="Demo Game",
    )


def _digest(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def _on_the_wire(event: Event, without: tuple[str, ...] = ()) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(encode_event(event))
    return {name: value for name, value in fields.items() if name not in without}

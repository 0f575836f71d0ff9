"""A library of real textures: the samples, and those of seven free games, tagged and stored as the product does."""

from __future__ import annotations

import asyncio
import csv
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.support.images import SAMPLES
from consumer.imaging.picture import ImageLimits
from consumer.services.model import open_pipeline
from consumer.services.storing.tagged_rows import tagged_row
from consumer.settings import ModelSettings
from consumer.storage.postgres.migrate import migrate
from consumer.storage.tables.rows import TaggedRow
from consumer.storage.tables.tags import TagStore
from consumer.tagging.bundle.bundle import Bundle
from consumer.tagging.pipeline import TaggingPipeline
from consumer.tagging.tagging_result import TaggedBy, TaggingResult, tagged_event
from consumer.telemetry.metrics import Metrics
from schemas import AssetExtracted, CausedBy, Embedding, ObjectRef, TimingsMs, utc_now
from schemas.connections import DatabaseConnection
from schemas.objects import object_key, sha256_hex

_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Texture:
    """A file, and the id that it has in the library: its path in its game."""

    asset_id: str
    path: Path


def textures(labels: Path, images: Path) -> list[Texture]:
    """Return the samples, and what of the labelled textures is no sample; of two of one path the first.

    Raises:
        FileNotFoundError: a labelled image is missing.

    """
    samples = [
        Texture(f"samples/{path.relative_to(SAMPLES).as_posix()}", path) for path in sorted(SAMPLES.glob("*/*.png"))
    ]
    known = {sha256_hex(texture.path.read_bytes()) for texture in samples}
    with labels.open(encoding="utf-8", newline="") as lines:
        labelled = [Texture(_asset_id(row), images / row["file"]) for row in csv.DictReader(lines)]
    others = [texture for texture in labelled if sha256_hex(texture.path.read_bytes()) not in known]
    return list({texture.asset_id: texture for texture in reversed([*samples, *others])}.values())[::-1]


def _asset_id(row: dict[str, str]) -> str:
    """Return the game and the path in its folder, without what packages and archives of its data are called."""
    inside = row["source_path"].removeprefix("usr/share/").removeprefix("games/").removeprefix(f"{row['game']}/")
    return f"{row['game']}/{inside.rpartition('!')[2]}"


async def store(found: Sequence[Texture], bundle: Bundle, database: DatabaseConnection) -> None:
    """Tag the textures with the model, names included, and store the tags in new tables."""
    await migrate(database)
    pipeline = await open_pipeline(ModelSettings(), ImageLimits(), Metrics(), bundle)
    try:
        async with await TagStore.open(database) as tables:
            for start in range(0, len(found), _AT_ONCE):
                rows = await asyncio.gather(*(_row(pipeline, one) for one in found[start : start + _AT_ONCE]))
                await tables.write_batch(rows)
            await tables.embeddings_settled()
    finally:
        await pipeline.close()


async def _row(pipeline: TaggingPipeline, texture: Texture) -> TaggedRow:
    data = texture.path.read_bytes()
    digest = sha256_hex(data)
    prepared = await pipeline.prepare(data)
    embedded = await pipeline.embed(prepared)
    scored = await pipeline.score_together(embedded.vector, prepared.facts, (texture.asset_id,))
    result = TaggingResult(
        info=prepared.facts.info,
        tags=scored.tags,
        candidates=scored.candidates,
        pixel_evidence=prepared.facts.evidence,
        embedding=Embedding.from_array(embedded.vector),
        timings_ms=TimingsMs(),
    )
    extracted = AssetExtracted(
        event_id=uuid.uuid4(),
        schema_version=AssetExtracted.SCHEMA_VERSION,
        occurred_at=utc_now(),
        asset_id=texture.asset_id,
        object=ObjectRef(bucket="questions", key=object_key(digest, "png"), size=len(data), sha256=digest),
    )
    by = TaggedBy(pipeline.model, pipeline.taxonomy)
    caused_by = CausedBy(topic="asset-extracted", partition=0, offset=0)
    return tagged_row(tagged_event(extracted, extracted.object, result, by, caused_by))

"""Small questions about many assets at once, for runs over the whole corpus."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from consumer.storage.tables.reads import TagReader
from schemas import Source

_WITH_TAG: Final = "SELECT DISTINCT asset_id FROM {schema}.current_tags WHERE asset_id = ANY($1::text[]) AND tag = $2"
_MADE_BY: Final = """
SELECT asset_id FROM {schema}.assets
WHERE asset_id = ANY($1::text[]) AND model_digest = $2 AND taxonomy_digest = $3
"""
_SAMPLE: Final = """
SELECT asset_id, bucket, object_key, source FROM {schema}.assets ORDER BY md5(asset_id || $1), asset_id LIMIT $2
"""


async def assets_with_tag(reader: TagReader, asset_ids: Sequence[str], tag: str) -> frozenset[str]:
    """Return those that have the tag now, by a model or by a person; raises DatabaseUnavailableError."""
    return await _asked(reader, _WITH_TAG, asset_ids, tag)


async def assets_made_by(
    reader: TagReader, asset_ids: Sequence[str], model_digest: str, taxonomy_digest: str
) -> frozenset[str]:
    """Return those whose tags are of this model and this taxonomy; raises DatabaseUnavailableError."""
    return await _asked(reader, _MADE_BY, asset_ids, model_digest, taxonomy_digest)


async def _asked(reader: TagReader, statement: str, asset_ids: Sequence[str], *arguments: str) -> frozenset[str]:
    # No stored text holds a NUL, and asking for one would be an error.
    storable = [asset_id for asset_id in asset_ids if "\x00" not in asset_id]
    async with reader.session() as session:
        rows = await session.fetch(session.sql(statement), storable, *arguments)
    return frozenset(row["asset_id"] for row in rows)


@dataclass(frozen=True, slots=True)
class SampledAsset:
    """Where an asset's image lies, and what it is called."""

    asset_id: str
    bucket: str
    object_key: str
    source: Source | None


async def count_assets(reader: TagReader) -> int:
    """Return how many assets are stored; raises DatabaseUnavailableError."""
    async with reader.session() as session:
        return int(await session.fetchval(session.sql("SELECT count(*) FROM {schema}.assets")))


async def sample_assets(reader: TagReader, size: int, seed: int) -> list[SampledAsset]:
    """Return so many assets, or all where there are fewer; the same for the same seed and the same assets.

    Raises:
        DatabaseUnavailableError: the database does not answer.

    """
    async with reader.session() as session:
        rows = await session.fetch(session.sql(_SAMPLE), str(seed), size)
    return [
        SampledAsset(
            row["asset_id"],
            row["bucket"],
            row["object_key"],
            None if row["source"] is None else Source.model_validate_json(row["source"]),
        )
        for row in rows
    ]

"""Small questions about many assets at once, for runs over the whole corpus."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from consumer.storage.pg_errors import pg_errors_translated
from consumer.storage.reads import TagReader

_WITH_TAG: Final = "SELECT DISTINCT asset_id FROM current_tags WHERE asset_id = ANY($1::text[]) AND tag = $2"
_MADE_BY: Final = """
SELECT asset_id FROM assets
WHERE asset_id = ANY($1::text[]) AND model_digest = $2 AND taxonomy_digest = $3
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
    with pg_errors_translated():
        async with reader.session() as session:
            rows = await session.fetch(statement, storable, *arguments)
    return frozenset(row["asset_id"] for row in rows)

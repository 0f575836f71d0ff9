"""Assets that have the tags which are meant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from consumer.storage.tables.reads import TagReader
from consumer.storage.tables.search.filters import Arguments, SearchFilter
from consumer.storage.tables.search.holding import assets_with

# Of each tag so many of the surest are looked at; those that have several of the tags come first.
_SUREST: Final = 1000


async def tagged_with(reader: TagReader, tags: Sequence[str], where: SearchFilter, limit: int) -> list[str]:
    """Return the assets with the most of these tags, and the surest of them, first; raises DatabaseError."""
    if not tags:
        return []
    arguments = Arguments([list(tags)])
    best = assets_with("wanted.tag", where.of_found(arguments), str(_SUREST))
    statement = f"""
        SELECT asset_id, sum(confidence) AS surety FROM (
            SELECT best.asset_id, wanted.tag, max(best.confidence) AS confidence
            FROM unnest($1::text[]) AS wanted (tag) CROSS JOIN LATERAL ({best}) AS best GROUP BY 1, 2
        ) AS surest GROUP BY asset_id ORDER BY surety DESC, asset_id LIMIT {arguments.add(limit)}
    """  # noqa: S608 - placeholders
    async with reader.session() as session:
        rows = await session.fetch(session.sql(statement), *arguments.values)
    return [row["asset_id"] for row in rows]

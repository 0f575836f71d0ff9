"""Assets that have the tags which are meant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from consumer.storage.tables.reads import TagReader
from consumer.storage.tables.search.filters import Arguments, SearchFilter

# Of each tag so many of the surest are looked at; those that have several of the tags come first.
_SUREST: Final = 1000


async def tagged_with(reader: TagReader, tags: Sequence[str], where: SearchFilter, limit: int) -> list[str]:
    """Return the assets with the most of these tags, and the surest of them, first; raises DatabaseError."""
    if not tags:
        return []
    arguments = Arguments([list(tags)])
    conditions = where.conditions(arguments)
    asset = (
        "JOIN {schema}.assets AS asset ON asset.asset_id = found.asset_id AND " + " AND ".join(conditions)
        if conditions
        else ""
    )
    statement = f"""
        SELECT asset_id, sum(confidence) AS surety FROM (
            SELECT best.asset_id, wanted.tag, max(best.confidence) AS confidence
            FROM unnest($1::text[]) AS wanted (tag) CROSS JOIN LATERAL (
                SELECT found.asset_id, found.confidence FROM {{schema}}.current_tags AS found {asset}
                WHERE found.tag = wanted.tag ORDER BY found.confidence DESC, found.asset_id LIMIT {_SUREST}
            ) AS best GROUP BY 1, 2
        ) AS surest GROUP BY asset_id ORDER BY surety DESC, asset_id LIMIT {arguments.add(limit)}
    """  # noqa: S608 - placeholders
    async with reader.session() as session:
        rows = await session.fetch(session.sql(statement), *arguments.values)
    return [row["asset_id"] for row in rows]

"""Assets whose names and paths hold the words that are looked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from consumer.storage.tables.reads import TagReader
from consumer.storage.tables.search.filters import Arguments, SearchFilter

# Of a word that thousands of names have, so many are ranked for each that is asked for.
_RANKED: Final = 2
# Up to so many assets all names are read for a part of a word; beyond, whole words and their beginnings must do.
_READ_WHOLE: Final = 300_000
_ESTIMATE: Final = "SELECT reltuples::bigint FROM pg_class WHERE oid = '{schema}.assets'::regclass"
# No text search has words as "with".
_TELLING: Final = """
SELECT word FROM unnest($1::text[]) AS word WHERE numnode(to_tsquery('pg_catalog.english', word)) > 0
"""


async def named(reader: TagReader, words: Sequence[str], where: SearchFilter, limit: int) -> list[str]:
    """Return the assets in whose names are all of the words, best first; raises DatabaseError.

    ``words`` are letters and digits. A word stands for its inflections, and for what begins with it: whole words in the
    file's own name count most.
    """
    if not words:
        return []
    arguments = Arguments()
    whole = f"to_tsquery('pg_catalog.english', {arguments.add(' & '.join(words))})"
    begun = f"to_tsquery('pg_catalog.english', {arguments.add(' & '.join(f'{word}:*' for word in words))})"
    conditions = " AND ".join([f"asset.names @@ {begun}", *where.conditions(arguments)])
    statement = f"""
        SELECT asset_id FROM (
            SELECT asset.asset_id, asset.names FROM {{schema}}.assets AS asset WHERE {conditions}
            LIMIT {_RANKED * limit:d}
        ) AS matching
        ORDER BY ts_rank(names, {whole}, 1) DESC, ts_rank(names, {begun}, 1) DESC, asset_id
        LIMIT {arguments.add(limit)}
    """  # noqa: S608 - placeholders
    async with reader.session() as session:
        return [row["asset_id"] for row in await session.fetch(session.sql(statement), *arguments.values)]


async def holding(
    reader: TagReader, words: Sequence[str], where: SearchFilter, limit: int, *, all_of: bool
) -> list[str]:
    """Return the assets whose ids hold all of the words as parts of others, or any of them, the shortest ids first.

    All ids are read for it, so it finds nothing in a large library. Raises DatabaseError.
    """
    if not words:
        return []
    arguments = Arguments()
    conditions = " AND ".join(where.conditions(arguments)) or "true"
    # Folded once for all words (of ASCII letters alone in a sixth of the time), and looked through by position, which
    # takes a third of what ILIKE does for each.
    collation = 'COLLATE "C"' if all(word.isascii() for word in words) else ""
    parts = [f"position(lower({arguments.add(word)}) IN folded) > 0" for word in words]
    statement = f"""
        SELECT asset_id FROM (
            SELECT asset.asset_id, lower(asset.asset_id {collation}) AS folded FROM {{schema}}.assets AS asset
            WHERE {conditions} OFFSET 0
        ) AS named
        WHERE {(" AND " if all_of else " OR ").join(parts)}
        ORDER BY length(asset_id), asset_id LIMIT {arguments.add(limit)}
    """  # noqa: S608 - placeholders
    async with reader.session() as session:
        if await session.fetchval(session.sql(_ESTIMATE)) > _READ_WHOLE:
            return []
        return [row["asset_id"] for row in await session.fetch(session.sql(statement), *arguments.values)]


async def telling(reader: TagReader, words: Sequence[str]) -> list[str]:
    """Return the words without those that stand in every sentence; raises DatabaseError."""
    async with reader.session() as session:
        return [row["word"] for row in await session.fetch(_TELLING, list(words))]

"""Assets whose names and paths hold the words that are looked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from consumer.storage.tables.reads import TagReader
from consumer.storage.tables.search.filters import Arguments, SearchFilter

# Of a word that thousands of names have, so many are ranked for each that is asked for.
_RANKED: Final = 2


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


async def named_any(
    reader: TagReader, alternatives: Sequence[Sequence[str]], where: SearchFilter, limit: int
) -> list[str]:
    """Return the assets in whose names is one word of each of the alternatives, the shortest ids first.

    Words are letters and digits; one that ends in ``:*`` stands for all that begin so. Raises DatabaseError.
    """
    arguments = Arguments()
    any_of_each = arguments.add(" & ".join(f"({' | '.join(words)})" for words in alternatives))
    conditions = [
        f"asset.names @@ to_tsquery('pg_catalog.english', {any_of_each})",
        *where.conditions(arguments),
    ]
    statement = f"""
        SELECT asset_id FROM (
            SELECT asset.asset_id FROM {{schema}}.assets AS asset WHERE {" AND ".join(conditions)}
            LIMIT {_RANKED * limit:d}
        ) AS matching
        ORDER BY length(asset_id), asset_id LIMIT {arguments.add(limit)}
    """  # noqa: S608 - placeholders
    async with reader.session() as session:
        return [row["asset_id"] for row in await session.fetch(session.sql(statement), *arguments.values)]

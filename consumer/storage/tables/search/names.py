"""Assets whose names and paths hold the words that are looked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from consumer.storage.tables.reads import TagReader
from consumer.storage.tables.search.filters import Arguments, SearchFilter, like_escaped

# Of a word that thousands of names have, so many are ranked.
_RANKED: Final = 2000
# Up to so many assets all names are read for a part of a word; beyond, whole words and their beginnings must do.
_READ_WHOLE: Final = 300_000
_MIN_PART: Final = 3
_ESTIMATE: Final = "SELECT reltuples::bigint FROM pg_class WHERE oid = '{schema}.assets'::regclass"


async def named(
    reader: TagReader, words: Sequence[str], where: SearchFilter, limit: int, *, all_of: bool = True
) -> list[str]:
    """Return the assets in whose names are all of the words, or any of them, best first; raises DatabaseError.

    ``words`` are letters and digits. A word stands for its inflections, and for what begins with it: whole words in the
    file's own name count most. Where that gives little, names that hold all words as parts of others follow.
    """
    if not words:
        return []
    arguments = Arguments()
    joined = " & " if all_of else " | "
    whole = f"to_tsquery('pg_catalog.english', {arguments.add(joined.join(words))})"
    begun = f"to_tsquery('pg_catalog.english', {arguments.add(joined.join(f'{word}:*' for word in words))})"
    conditions = " AND ".join([f"asset.names @@ {begun}", *where.conditions(arguments)])
    statement = f"""
        SELECT asset_id FROM (
            SELECT asset.asset_id, asset.names FROM {{schema}}.assets AS asset WHERE {conditions} LIMIT {_RANKED}
        ) AS matching
        ORDER BY ts_rank(names, {whole}, 1) DESC, ts_rank(names, {begun}, 1) DESC, asset_id
        LIMIT {arguments.add(limit)}
    """  # noqa: S608 - placeholders
    async with reader.session() as session:
        found = [row["asset_id"] for row in await session.fetch(session.sql(statement), *arguments.values)]
        parts = all_of and len(found) < limit and all(len(word) >= _MIN_PART for word in words)
        if not parts or await session.fetchval(session.sql(_ESTIMATE)) > _READ_WHOLE:
            return found
        statement, values = _holding(words, where, limit)
        holding = [row["asset_id"] for row in await session.fetch(session.sql(statement), *values)]
    return list(dict.fromkeys([*found, *holding]))[:limit]


def _any_case(word: str) -> str:
    """Return how to compare: folding the case of ASCII letters alone costs two thirds, and less in other locales."""
    return 'COLLATE "C" ILIKE' if word.isascii() else "ILIKE"


def _holding(words: Sequence[str], where: SearchFilter, limit: int) -> tuple[str, list[object]]:
    arguments = Arguments()
    parts = [f"asset.asset_id {_any_case(word)} {arguments.add(f'%{like_escaped(word)}%')}" for word in words]
    conditions = " AND ".join([*parts, *where.conditions(arguments)])
    return (
        (
            f"SELECT asset.asset_id FROM {{schema}}.assets AS asset WHERE {conditions} "  # noqa: S608 - placeholders
            f"ORDER BY length(asset.asset_id), asset.asset_id LIMIT {arguments.add(limit)}"
        ),
        arguments.values,
    )

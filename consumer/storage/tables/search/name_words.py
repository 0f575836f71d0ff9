"""The words that names are made of, each once: from a part of a word, or a misspelt one, they lead to names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from consumer.storage.tables.reads import TagReader

if TYPE_CHECKING:
    from consumer.storage.postgres.database import Connection

# Beyond so many, which only names at random give, whole words and their beginnings must do.
_READ_WHOLE: Final = 300_000
_MOST_HOLDING: Final = 100
_FEW: Final = f"""
(SELECT reltuples <= {_READ_WHOLE:d} FROM pg_class WHERE oid = '{{schema}}.name_words'::regclass)
"""  # noqa: S608 - SQL of our own

_NOTE: Final = "INSERT INTO {schema}.name_words (word) SELECT unnest($1::text[]) ON CONFLICT (word) DO NOTHING"
# Words that stand in every sentence, as "with", are parts of others that have nothing to do with them.
_HOLDING: Final = f"""
SELECT part, held.word FROM unnest($1::text[]) AS part CROSS JOIN LATERAL (
    SELECT word FROM {{schema}}.name_words WHERE position(part IN word) > 1 AND {_FEW}
    ORDER BY length(word), word LIMIT {_MOST_HOLDING:d}
) AS held
WHERE numnode(to_tsquery('pg_catalog.english', part)) > 0
"""  # noqa: S608 - SQL of our own
_LIKELY: Final = f"""
SELECT word FROM {{schema}}.name_words
WHERE left(word, 1) = left($1, 1) AND length(word) BETWEEN length($1) - 2 AND length($1) + 2 AND {_FEW}
"""  # noqa: S608 - SQL of our own


async def note_words(session: Connection, words: Iterable[str]) -> None:
    """Note the words of assets that are stored; those of removed ones stay. Raises DatabaseError."""
    # In one order, so that no two who note the same ones wait for each other.
    if arrived := sorted(words):
        await session.execute(session.sql(_NOTE), arrived)


async def words_holding(reader: TagReader, parts: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """Return for each of the parts the words of names that hold it behind their beginning, the shortest first.

    ``parts`` are letters and digits. A part that no word holds, and one that tells nothing, has no entry. Raises
    DatabaseError.
    """
    held: dict[str, list[str]] = {}
    if parts:
        async with reader.session() as session:
            for part, word in await session.fetch(session.sql(_HOLDING), list(parts)):
                held.setdefault(part, []).append(word)
    return held


async def words_near(reader: TagReader, word: str) -> list[str]:
    """Return the words of names that begin and are about as long as this one; raises DatabaseError."""
    async with reader.session() as session:
        return [row["word"] for row in await session.fetch(session.sql(_LIKELY), word)]

"""The tables as the sink writes them: many events a transaction, the newest of each asset wins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any, Final, Self

import structlog
from pgvector import HalfVector

from consumer.storage.errors import DatabaseError, DatabaseSetupError, DatabaseUnavailableError
from consumer.storage.postgres.database import close_pool, lend, open_pool
from consumer.storage.postgres.schema_version import check_schema
from consumer.storage.postgres.writable import check_writable
from consumer.storage.tables.duplicates.copies import note_copies
from consumer.storage.tables.embeddings import EmbeddingMover
from consumer.storage.tables.places import JOINED_REMOVALS, behind
from consumer.storage.tables.rows import Entry, TaggedRow, TagRow, Tombstone, settle
from consumer.storage.tables.search.name_words import note_words
from consumer.storage.tables.search.splitting import words_of
from consumer.storage.tables.taken import OnTaken, Taken, mark_taken
from consumer.storage.tables.verdicts import store_verdicts
from schemas.connections import DatabaseConnection

if TYPE_CHECKING:
    from consumer.storage.postgres.database import Connection, Pool

_log = structlog.get_logger(__name__)
_IGNORE: Final[Callable[[Any], None]] = lambda _: None  # noqa: E731 - a default

# Columns go by the names of a row's fields; its tags and its embedding have tables of their own.
_ELSEWHERE: Final = {"tags", "embedding"}
_ASSET_COLUMNS: Final = (
    *(name for name in TaggedRow.__struct_fields__ if name not in _ELSEWHERE),
    "tag_names",
    "guess",
)
_TAG_COLUMNS: Final = ("asset_id", *TagRow.__struct_fields__)
_CONFIDENCE: Final = itemgetter(_TAG_COLUMNS.index("confidence"))
_EMBEDDING_COLUMNS: Final = ("sha256", "model_digest", "precision", "embedding")
_ASSET_VALUES: Final = attrgetter(*_ASSET_COLUMNS)
ASSET_COLUMNS: Final = ", ".join(_ASSET_COLUMNS)
_NEW_VALUES: Final = ", ".join(f"{column} = EXCLUDED.{column}" for column in _ASSET_COLUMNS[1:])

# A batch is found by its keys. Left to itself the planner, which knows nothing of rows that have just come, reads a
# table of a hundred thousand whole for each batch.
_BY_KEY: Final = ", ".join(f"set_config('enable_{way}', 'off', true)" for way in ("seqscan", "hashjoin", "mergejoin"))
# A sink that lost its partition may still store what the next owner of it removes. Neither would see the other's rows
# before its commit, so a transaction that removes waits for those that store, and they for it.
_STORING: Final = f"SELECT pg_advisory_xact_lock_shared('{{schema}}.removed_assets'::regclass::oid::bigint), {_BY_KEY}"
_REMOVING: Final = f"SELECT pg_advisory_xact_lock('{{schema}}.removed_assets'::regclass::oid::bigint), {_BY_KEY}"

_MAKE_STAGING: Final = f"""
CREATE TEMPORARY TABLE IF NOT EXISTS staged_assets ON COMMIT DELETE ROWS
AS SELECT {ASSET_COLUMNS} FROM {{schema}}.assets WITH NO DATA
"""  # noqa: S608 - column names of our own

_UPSERT: Final = f"""
INSERT INTO {{schema}}.assets AS stored ({ASSET_COLUMNS})
SELECT {ASSET_COLUMNS} FROM pg_temp.staged_assets AS staged
WHERE NOT EXISTS (
    SELECT FROM {{schema}}.removed_assets AS removed
    WHERE removed.asset_id = staged.asset_id AND removed.removed_at >= staged.extracted_at
      AND NOT {behind("staged", "removed")}
)
ORDER BY asset_id
ON CONFLICT (asset_id) DO UPDATE SET {_NEW_VALUES}, stored_at = now()
WHERE (stored.extracted_at, stored.tagged_at, stored.event_id)
    < (EXCLUDED.extracted_at, EXCLUDED.tagged_at, EXCLUDED.event_id)
RETURNING asset_id
"""  # noqa: S608 - column names of our own

_REMOVALS: Final = "unnest($1::text[], $2::timestamptz[], $3::integer[], $4::bigint[])"
# Removals that are delivered again: what lies behind them by now came back.
_KNOWN: Final = f"""
SELECT arrived.asset_id
FROM {_REMOVALS} AS arrived (asset_id, removed_at, source_partition, source_offset)
JOIN {{schema}}.removed_assets AS removed USING (asset_id)
WHERE NOT {behind("arrived", "removed")} AND arrived.source_partition = removed.source_partition
"""  # noqa: S608 - SQL of our own
_VOID: Final = f"""
INSERT INTO {{schema}}.removed_assets AS removed (asset_id, removed_at, source_partition, source_offset)
SELECT * FROM {_REMOVALS}
ON CONFLICT (asset_id) DO UPDATE SET {JOINED_REMOVALS}
"""  # noqa: S608 - SQL of our own
# By place or by time, whichever says so: of a topic that was made anew the places are no longer those of its events.
_REMOVE: Final = f"""
DELETE FROM {{schema}}.assets AS asset USING {{schema}}.removed_assets AS removed
WHERE removed.asset_id = ANY($1::text[]) AND asset.asset_id = removed.asset_id
  AND (
    {behind("removed", "asset")}
    OR (asset.extracted_at <= removed.removed_at
        AND NOT (removed.asset_id = ANY($2::text[]) AND {behind("asset", "removed")}))
  )
RETURNING asset.asset_id
"""  # noqa: S608 - SQL of our own
_CLEAR_TAGS: Final = "DELETE FROM {schema}.asset_tags WHERE asset_id = ANY($1::text[]) AND source = 'model'"


class TagStore:
    """Writes tagged and reviewed events; every write may be repeated, and come in any order, with the same result."""

    def __init__(self, pool: Pool, mover: EmbeddingMover, on_taken: OnTaken = _IGNORE) -> None:
        self._pool, self._mover, self._on_taken = pool, mover, on_taken

    @classmethod
    async def open(
        cls, connection: DatabaseConnection, on_waiting: Callable[[int], None] = _IGNORE, on_taken: OnTaken = _IGNORE
    ) -> Self:
        """Connect; ``on_waiting`` hears how many embeddings wait for the index, ``on_taken`` what was stored so.

        Raises:
            DatabaseSetupError: see :func:`check_schema`.
            DatabaseUnavailableError: the database does not answer.

        """
        version = await check_schema(connection, writes=True)
        if version.warning:
            _log.warning("database.pgvector_old", problem=version.warning)
        pool = await open_pool(connection, writes=True)
        store = cls(pool, EmbeddingMover(connection, pool, on_waiting), on_taken)
        store._mover.start()
        return store

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self._mover.close()
        await close_pool(self._pool)

    async def ping(self) -> None:
        """Return when the database takes our writes; nothing is written.

        Raises:
            DatabaseReadOnlyError: it takes none.
            DatabaseUnavailableError: it does not answer, or lacks a table or a right that a batch needs.

        """
        async with lend(self._pool) as session:
            await check_writable(session)

    async def embeddings_settled(self) -> None:
        """Return when no stored embedding waits for its place in the index; for tests and benchmarks."""
        await self._mover.drained()

    async def write_batch(self, entries: Sequence[Entry]) -> None:
        """Store the batch in one transaction, then note its copies and words; durable on return, whole or not at all.

        Raises:
            RowRejectedError: one of the entries will never be taken; see :meth:`write_isolating`.
            DatabaseUnavailableError: try again.

        """
        settled = settle(entries)
        async with lend(self._pool) as session:
            async with session.transaction():
                if settled.removals:
                    await _remove(session, settled.removals)
                taken = await _store(session, settled.rows) if settled.rows else []
                # Last in every transaction, so that two that wait for each other's rows cannot both be here.
                if settled.verdicts:
                    await store_verdicts(session, settled.verdicts)
            await note_copies(session, {row.sha256 for row in settled.rows if row.sha256 is not None})
            await note_words(session, words_of(settled.rows))
        self._mover.wake()
        if taken:
            self._on_taken(taken)

    async def write_isolating(self, entries: Sequence[Entry]) -> list[Exception | None]:
        """Store all entries but those that the database rejects; return for each its error, or None.

        A batch that is rejected, or fails in a way nobody knows, is halved until the entries at fault stand alone.

        Raises:
            DatabaseUnavailableError, DatabaseSetupError: try again with all of them; what was stored already does no
                harm.

        """
        try:
            await self.write_batch(entries)
        except (DatabaseUnavailableError, DatabaseSetupError):
            raise
        except DatabaseError as error:
            if len(entries) == 1:
                return [error]
            half = len(entries) // 2
            return [*await self.write_isolating(entries[:half]), *await self.write_isolating(entries[half:])]
        return [None] * len(entries)


async def _remove(session: Connection, removals: Sequence[Tombstone]) -> None:
    await session.execute(session.sql(_REMOVING))
    asset_ids = [removal.asset_id for removal in removals]
    places = [removal.place or (None, None) for removal in removals]
    arrays = (asset_ids, [removal.removed_at for removal in removals], *map(list, zip(*places, strict=True)))
    known = [row["asset_id"] for row in await session.fetch(session.sql(_KNOWN), *arrays)]
    await session.execute(session.sql(_VOID), *arrays)
    removed = [row["asset_id"] for row in await session.fetch(session.sql(_REMOVE), asset_ids, known)]
    await session.execute(session.sql(_CLEAR_TAGS), removed)


async def _store(session: Connection, rows: Sequence[TaggedRow]) -> list[Taken]:
    await session.execute(session.sql(_STORING))
    await session.execute(session.sql(_MAKE_STAGING))
    await session.copy_records_to_table(
        "staged_assets", schema_name="pg_temp", columns=_ASSET_COLUMNS, records=[_ASSET_VALUES(row) for row in rows]
    )
    taken = await mark_taken(session)
    won = {row["asset_id"] for row in await session.fetch(session.sql(_UPSERT))}
    if not won:
        return []
    winners = [row for row in rows if row.asset_id in won]
    await session.execute(session.sql(_CLEAR_TAGS), list(won))
    await session.copy_records_to_table(
        "asset_tags",
        schema_name=session.schema,
        columns=_TAG_COLUMNS,
        records=_in_order_of_their_index(winners),
    )
    await session.copy_records_to_table(
        "embeddings_incoming",
        schema_name=session.schema,
        columns=_EMBEDDING_COLUMNS,
        records=[
            (row.sha256, row.model_digest, row.model_precision, HalfVector(row.embedding))
            for row in winners
            if row.sha256 is not None
        ],
    )
    return [one for one in taken if one.asset_id in won]


def _in_order_of_their_index(rows: Sequence[TaggedRow]) -> list[tuple[str, str, str, float, str]]:
    """Return the rows' tags by confidence: in the order of the largest index each finds its page in the cache."""
    tags = [(row.asset_id, tag.category, tag.tag, tag.confidence, tag.source_model) for row in rows for tag in row.tags]
    return sorted(tags, key=_CONFIDENCE, reverse=True)

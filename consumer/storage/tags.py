"""The tables as the sink writes them: many events a transaction, the newest of each asset wins."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Final, Self

from pgvector import HalfVector

from consumer.storage.database import close_pool, open_pool
from consumer.storage.embeddings import EmbeddingMover
from consumer.storage.errors import DatabaseError, DatabaseUnavailableError
from consumer.storage.pg_errors import pg_errors_translated
from consumer.storage.rows import TaggedRow, TagRow, Tombstone, settle
from consumer.storage.schema_version import check_schema
from schemas.connections import DatabaseConnection

if TYPE_CHECKING:
    from consumer.storage.database import Connection, Pool

_ASSET_COLUMNS: Final = (
    "asset_id",
    "event_id",
    "extracted_event_id",
    "extracted_at",
    "tagged_at",
    "bucket",
    "object_key",
    "size_bytes",
    "sha256",
    "content_type",
    "width",
    "height",
    "mode",
    "source",
    "model_id",
    "model_digest",
    "model_precision",
    "calibrated",
    "taxonomy_id",
    "taxonomy_version",
    "taxonomy_digest",
)
_TAG_COLUMNS: Final = ("asset_id", *TagRow._fields)
_EMBEDDING_COLUMNS: Final = ("sha256", "model_digest", "precision", "embedding")

_ASSET_VALUES: Final = attrgetter(*_ASSET_COLUMNS)
_COLUMNS: Final = ", ".join(_ASSET_COLUMNS)
_NEW_VALUES: Final = ", ".join(f"{column} = EXCLUDED.{column}" for column in _ASSET_COLUMNS[1:])

_MAKE_STAGING: Final = f"""
CREATE TEMPORARY TABLE IF NOT EXISTS staged_assets ON COMMIT DELETE ROWS
AS SELECT {_COLUMNS} FROM assets WITH NO DATA
"""  # noqa: S608 - column names of our own

_UPSERT: Final = f"""
INSERT INTO assets ({_COLUMNS})
SELECT {_COLUMNS} FROM staged_assets AS staged
WHERE NOT EXISTS (
    SELECT FROM removed_assets AS removed
    WHERE removed.asset_id = staged.asset_id AND removed.removed_at >= staged.extracted_at
)
ORDER BY asset_id
ON CONFLICT (asset_id) DO UPDATE SET {_NEW_VALUES}, stored_at = now()
WHERE (assets.extracted_at, assets.tagged_at, assets.event_id)
    < (EXCLUDED.extracted_at, EXCLUDED.tagged_at, EXCLUDED.event_id)
RETURNING asset_id
"""  # noqa: S608 - column names of our own

_VOID: Final = """
INSERT INTO removed_assets AS removed (asset_id, removed_at)
SELECT * FROM unnest($1::text[], $2::timestamptz[])
ON CONFLICT (asset_id) DO UPDATE SET removed_at = greatest(removed.removed_at, EXCLUDED.removed_at)
"""
_REMOVE: Final = """
DELETE FROM assets AS asset USING removed_assets AS removed
WHERE removed.asset_id = ANY($1::text[])
  AND asset.asset_id = removed.asset_id AND asset.extracted_at <= removed.removed_at
RETURNING asset.asset_id
"""
_CLEAR_TAGS: Final = "DELETE FROM asset_tags WHERE asset_id = ANY($1::text[]) AND source = 'model'"


class TagStore:
    """Writes tagged events; every write may be repeated, and come in any order, without changing the result."""

    def __init__(self, pool: Pool, mover: EmbeddingMover) -> None:
        self._pool = pool
        self._mover = mover

    @classmethod
    async def open(cls, connection: DatabaseConnection) -> Self:
        """Connect, and refuse tables of another version.

        Raises:
            SchemaTooOldError, SchemaTooNewError: see :func:`check_schema`.
            DatabaseUnavailableError: the database does not answer.

        """
        await check_schema(connection)
        pool = await open_pool(connection)
        store = cls(pool, EmbeddingMover(connection, pool))
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
        """Return when the database answers; raises DatabaseUnavailableError."""
        with pg_errors_translated():
            await self._pool.fetchval("SELECT 1", timeout=5)

    async def embeddings_settled(self) -> None:
        """Return when no stored embedding waits for its place in the index; for tests and benchmarks."""
        await self._mover.drained()

    async def write_batch(self, entries: Sequence[TaggedRow | Tombstone]) -> None:
        """Store the batch in one transaction; durable on return, without any trace on an error.

        Raises:
            RowRejectedError: one of the entries will never be taken; see :meth:`write_isolating`.
            DatabaseUnavailableError: try again.

        """
        settled = settle(entries)
        with pg_errors_translated():
            async with self._pool.acquire() as session:
                await session.execute(_MAKE_STAGING)
                async with session.transaction():
                    if settled.removals:
                        await _remove(session, settled.removals)
                    if settled.rows:
                        await _store(session, settled.rows)
        self._mover.wake()

    async def write_isolating(self, entries: Sequence[TaggedRow | Tombstone]) -> list[Exception | None]:
        """Store all entries but those that the database rejects; return for each its error, or None.

        A batch that is rejected, or fails in a way nobody knows, is halved until the entries at fault stand alone.

        Raises:
            DatabaseUnavailableError: try again with all of them; what was stored already does no harm.

        """
        try:
            await self.write_batch(entries)
        except DatabaseUnavailableError:
            raise
        except DatabaseError as error:
            if len(entries) == 1:
                return [error]
            half = len(entries) // 2
            return [*await self.write_isolating(entries[:half]), *await self.write_isolating(entries[half:])]
        return [None] * len(entries)


async def _remove(session: Connection, removals: Sequence[Tombstone]) -> None:
    asset_ids = [removal.asset_id for removal in removals]
    await session.execute(_VOID, asset_ids, [removal.removed_at for removal in removals])
    removed = [row["asset_id"] for row in await session.fetch(_REMOVE, asset_ids)]
    await session.execute(_CLEAR_TAGS, removed)


async def _store(session: Connection, rows: Sequence[TaggedRow]) -> None:
    await session.copy_records_to_table(
        "staged_assets",
        columns=_ASSET_COLUMNS,
        records=[_ASSET_VALUES(row) for row in rows],
    )
    won = {row["asset_id"] for row in await session.fetch(_UPSERT)}
    if not won:
        return
    winners = [row for row in rows if row.asset_id in won]
    await session.execute(_CLEAR_TAGS, list(won))
    await session.copy_records_to_table(
        "asset_tags",
        columns=_TAG_COLUMNS,
        records=[(row.asset_id, *tag) for row in winners for tag in row.tags],
    )
    await session.copy_records_to_table(
        "embeddings_incoming",
        columns=_EMBEDDING_COLUMNS,
        records=[
            (row.sha256, row.model_digest, row.model_precision, HalfVector(row.embedding))
            for row in winners
            if row.sha256 is not None
        ],
    )

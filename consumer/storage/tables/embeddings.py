"""Embeddings on their way into the index: behind the tags, at their own pace."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import structlog

from consumer.storage.errors import DatabaseError
from consumer.storage.postgres.database import connect, lend
from consumer.storage.postgres.pg_errors import pg_errors_translated
from schemas.connections import DatabaseConnection

if TYPE_CHECKING:
    from consumer.storage.postgres.database import Pool
    from consumer.storage.postgres.sessions import Session

_log = structlog.get_logger(__name__)

_CHUNK_ROWS: Final = 200
_LOOK_SECONDS: Final = 5.0
# After a few there will be more: a transaction for each few of them would cost as much as that of their tags.
_GATHER_SECONDS: Final = 0.5
_PAUSE_AFTER_ERROR_SECONDS: Final = 2.0
# Of its time; the server's CPUs belong to the tags as long as they come.
_SHARE_WHILE_TAGS_COME: Final = 0.25
# pgvector's limit for an index on halfvec.
_MAX_INDEXED_DIM: Final = 4000
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")

# Two movers at once take different rows: what one has locked, the other passes over. Of one content a model has one
# embedding, of the precision that was used last; the same again is not written, which an HNSW index pays dearly.
_MOVE: Final = """
WITH taken AS (
    DELETE FROM {schema}.embeddings_incoming
    WHERE position IN (
        SELECT position FROM {schema}.embeddings_incoming ORDER BY position LIMIT $1 FOR UPDATE SKIP LOCKED
    )
    RETURNING position, sha256, model_digest, precision, embedding
), stored AS (
    INSERT INTO {schema}.embeddings AS known (sha256, model_digest, precision, embedding)
    SELECT DISTINCT ON (sha256, model_digest) sha256, model_digest, precision, embedding FROM taken
    ORDER BY sha256, model_digest, position DESC
    ON CONFLICT (sha256, model_digest) DO UPDATE SET precision = EXCLUDED.precision, embedding = EXCLUDED.embedding
    WHERE known.precision IS DISTINCT FROM EXCLUDED.precision
)
SELECT model_digest, public.vector_dims(embedding) AS dim, count(*) AS rows FROM taken GROUP BY 1, 2
"""
# An upper bound, because positions have gaps; counting a long queue would read all of it.
_COUNT: Final = "SELECT coalesce(max(position) - min(position) + 1, 0) FROM {schema}.embeddings_incoming"
_INVALID_INDEX: Final = """
SELECT FROM pg_index WHERE indexrelid = to_regclass($1) AND NOT indisvalid
"""


class EmbeddingMover:
    """Moves embeddings from their durable queue into the indexed table, and makes each model's HNSW index.

    One task beside the batches: an insert into an HNSW index costs a hundred times a tag's, and nobody waits for it.
    Whatever it has not moved when the process ends, the next process moves.
    """

    def __init__(self, connection: DatabaseConnection, pool: Pool, on_waiting: Callable[[int], None]) -> None:
        self._connection = connection
        self._pool = pool
        self._on_waiting = on_waiting
        self._count_at = 0.0
        self._indexed: set[tuple[str, int]] = set()
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="embedding-mover")

    def wake(self) -> None:
        self._woken.set()

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def drained(self) -> None:
        """Return when the queue is empty."""
        while await self._waiting():
            self.wake()
            await asyncio.sleep(0.02)

    async def _waiting(self) -> bool:
        async with lend(self._pool) as session:
            return bool(await session.fetchval(session.sql("SELECT EXISTS (SELECT FROM {schema}.embeddings_incoming)")))

    async def _run(self) -> None:
        while True:
            self._woken.clear()
            started = time.monotonic()
            try:
                moved = await self._move_chunk()
                await self._count_now_and_then()
            except DatabaseError as error:
                # The sink itself reports an outage; here it only costs time.
                _log.warning("embeddings.not_moved", error=str(error), again_in_seconds=_PAUSE_AFTER_ERROR_SECONDS)
                await asyncio.sleep(_PAUSE_AFTER_ERROR_SECONDS)
                continue
            if not moved:
                # Not wait_for: before Python 3.12 it swallows a cancellation that comes together with the wake-up.
                with suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_SECONDS):
                        await self._woken.wait()
            elif moved < _CHUNK_ROWS:
                await asyncio.sleep(_GATHER_SECONDS)
            elif self._woken.is_set():
                await asyncio.sleep((time.monotonic() - started) * (1 / _SHARE_WHILE_TAGS_COME - 1))

    async def _move_chunk(self) -> int:
        async with lend(self._pool) as session:
            groups = await session.fetch(session.sql(_MOVE), _CHUNK_ROWS)
        with pg_errors_translated():
            for group in groups:
                await self._ensure_index(group["model_digest"], group["dim"])
        return sum(group["rows"] for group in groups)

    async def _count_now_and_then(self) -> None:
        if time.monotonic() < self._count_at:
            return
        async with lend(self._pool) as session:
            self._on_waiting(await session.fetchval(session.sql(_COUNT)))
        self._count_at = time.monotonic() + _LOOK_SECONDS

    async def _ensure_index(self, model_digest: str, dim: int) -> None:
        if (model_digest, dim) in self._indexed or dim > _MAX_INDEXED_DIM:
            return
        session = await connect(self._connection)
        try:
            await create_index(session, model_digest, dim)
        finally:
            await session.close()
        self._indexed.add((model_digest, dim))


def index_name(model_digest: str, dim: int) -> str:
    return f"embeddings_hnsw_{model_digest.removeprefix('sha256:')[:16]}_{dim}"


def index_condition(model_digest: str, dim: int) -> str:
    """Return the partial index's predicate, which a query must repeat to be answered from the index."""
    if not _DIGEST.fullmatch(model_digest):
        raise ValueError(f"{model_digest!r} is not a model digest: sha256:<64 hex digits>")
    return f"model_digest = '{model_digest}' AND public.vector_dims(embedding) = {dim:d}"


async def create_index(session: Session, model_digest: str, dim: int) -> None:
    """Create the model's HNSW index without blocking writers; one that is there is left, a broken one made anew."""
    name = index_name(model_digest, dim)
    place = session.sql(f"{{schema}}.{name}")
    await session.execute("SET statement_timeout = 0")
    # Concurrent builds of one index would wait for each other; who comes second leaves it to the first.
    if not await session.fetchval("SELECT pg_try_advisory_lock(hashtext($1))", place):
        return
    if await session.fetch(_INVALID_INDEX, place):
        await session.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {place}", timeout=None)
    await session.execute(
        f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {session.sql('{schema}.embeddings')} "
        f"USING hnsw ((embedding::public.halfvec({dim:d})) public.halfvec_cosine_ops) "
        f"WHERE {index_condition(model_digest, dim)}",
        timeout=24 * 3600,
    )

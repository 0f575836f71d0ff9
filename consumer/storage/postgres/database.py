"""Connections to PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

import asyncpg
from pgvector.asyncpg import register_vector

from consumer.storage.errors import DatabaseReadOnlyError, DatabaseUnavailableError
from consumer.storage.postgres.pg_errors import pg_errors_translated
from consumer.storage.postgres.sessions import Session, open_session, set_up
from schemas.connections import DatabaseConnection

if TYPE_CHECKING:
    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
    Connection: TypeAlias = Any

_CLOSE_SECONDS = 5.0


async def connect(connection: DatabaseConnection, *, writes: bool = True, **options: Any) -> Session:
    """Open one connection; ``options`` are those of :func:`open_session`.

    Raises:
        DatabaseUnavailableError: nobody answers, or, where ``writes``, nobody that takes them.
        DatabaseSetupError: a pooler refuses what the DSN says.

    """
    session = await open_session(connection, writes=writes, **options)
    try:
        with pg_errors_translated():
            await set_up(session, connection.words())
    except BaseException:
        # A cancellation too: nobody else knows of the session yet.
        session.terminate()
        raise
    return session


async def open_pool(connection: DatabaseConnection, *, writes: bool = False) -> Pool:
    """Return a pool that connects when it is first used, and again whenever the server dropped a connection."""

    async def connected(*_: Any, **__: Any) -> Session:
        return await connect(connection, writes=writes)

    return await asyncpg.create_pool(
        min_size=0, max_size=connection.pool_size, connection_class=Session, connect=connected, init=_prepare
    )


@asynccontextmanager
async def lend(pool: Pool) -> AsyncIterator[Connection]:
    """Lend a session; after a server that takes no writes no session of the pool is used again.

    A server that became a standby keeps its connections, while its address leads to another.

    Raises:
        DatabaseError: see :func:`pg_errors_translated`.

    """
    try:
        with pg_errors_translated():
            async with pool.acquire() as session:
                yield session
    except DatabaseReadOnlyError:
        await pool.expire_connections()
        raise


async def close_pool(pool: Pool) -> None:
    """Close the pool; connections that do not close within a moment are cut."""
    try:
        async with asyncio.timeout(_CLOSE_SECONDS):
            await pool.close()
    except TimeoutError:
        pool.terminate()


async def _prepare(session: Connection) -> None:
    try:
        await register_vector(session)
    except ValueError as error:
        raise DatabaseUnavailableError("the database lacks the extension pgvector: run: aegis db migrate") from error

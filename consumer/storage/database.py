"""Connections to PostgreSQL."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeAlias

import asyncpg
from pgvector.asyncpg import register_vector

from consumer.storage.errors import DatabaseUnavailableError
from consumer.storage.pg_errors import pg_errors_translated
from schemas.connections import DatabaseConnection

if TYPE_CHECKING:
    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
    Connection: TypeAlias = Any

_CONNECT_SECONDS = 5.0
_COMMAND_SECONDS = 60.0
_CLOSE_SECONDS = 5.0


def server_settings(connection: DatabaseConnection) -> dict[str, str]:
    """Return the session settings every connection of ours starts with; pgvector's types live in public."""
    return {
        "application_name": "aegis",
        "search_path": f"{connection.db_schema},public",
        # The server gives up before the client does, so that no statement outlives its caller.
        "statement_timeout": "50s",
        "idle_in_transaction_session_timeout": "60s",
        "jit": "off",
    }


async def connect(connection: DatabaseConnection) -> Connection:
    """Open one connection; raises DatabaseUnavailableError."""
    with pg_errors_translated():
        return await asyncpg.connect(
            connection.dsn.get_secret_value(),
            timeout=_CONNECT_SECONDS,
            command_timeout=_COMMAND_SECONDS,
            server_settings=server_settings(connection),
        )


async def open_pool(connection: DatabaseConnection) -> Pool:
    """Return a pool that connects when it is first used, and again whenever the server dropped a connection."""
    with pg_errors_translated():
        return await asyncpg.create_pool(
            connection.dsn.get_secret_value(),
            min_size=0,
            max_size=connection.pool_size,
            timeout=_CONNECT_SECONDS,
            command_timeout=_COMMAND_SECONDS,
            server_settings=server_settings(connection),
            init=_prepare,
        )


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

"""Refusing poolers in transaction mode: their clients share sessions, and lose prepared statements and settings."""

from __future__ import annotations

from consumer.storage.errors import DatabaseUnavailableError, PoolerModeError
from consumer.storage.postgres.pg_errors import TRANSACTION_MODE, pg_errors_translated
from consumer.storage.postgres.sessions import Session, open_session
from schemas.connections import DatabaseConnection

_PATIENCE_SECONDS = 3.0
# Among the traffic of others one look may by chance find each session where it was.
_ROUNDS = 10


async def refuse_transaction_mode(session: Session, connection: DatabaseConnection) -> None:
    """Return when the session is one of the server's own for as long as it lasts.

    The server itself names its process when a session starts; a pooler makes a number up. Behind a pooler a second
    session must be answered by another process than the first, and the first by the same as before.
    The session must have no statement cache.

    Raises:
        PoolerModeError: it is not.
        DatabaseUnavailableError: the database went away.

    """
    answering = await _process(session)
    if answering == session.get_server_pid():
        return
    try:
        second = await open_session(connection, writes=False, command_seconds=_PATIENCE_SECONDS, statement_cache_size=0)
    except DatabaseUnavailableError:
        return  # A pooler whose sessions are all taken keeps them apart.
    try:
        with pg_errors_translated():
            for _ in range(_ROUNDS):
                async with second.transaction():
                    if await _process(second) == answering or await _process(session) != answering:
                        raise PoolerModeError(TRANSACTION_MODE)
    except DatabaseUnavailableError:
        return
    finally:
        second.terminate()


async def _process(session: Session) -> int:
    with pg_errors_translated():
        # In a transaction even a pooler gives one session to all steps of a question.
        async with session.transaction():
            return int(await session.fetchval("SELECT pg_backend_pid()"))

"""From what asyncpg raises to whose fault it is."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from consumer.storage.errors import (
    DatabaseError,
    DatabaseReadOnlyError,
    DatabaseSetupError,
    DatabaseUnavailableError,
    PoolerModeError,
    RowRejectedError,
)

# By the first two characters of SQLSTATE.
_DATA_CLASSES = frozenset({"22", "23", "54"})  # data exception, constraint violated, limit of the server exceeded
_OUTAGE_CLASSES = frozenset({"08", "25", "40", "53", "55", "57", "58"})
# Nothing that a row could be blamed for: wrong password, no such database, no such table, no right to it.
_SETUP_CLASSES = frozenset({"28", "3D", "3F", "42"})
_READ_ONLY = "25006"
# A prepared statement that is gone, or there already: the session is not the one that it was a moment ago.
_OTHER_SESSION = frozenset({"26000", "42P05"})
# PgBouncer says all that ails it with this one state, its server's outage as well as what it will never take.
_PROTOCOL_VIOLATION = "08P01"
_NEVER_TAKEN = ("startup parameter", "bind message")
TRANSACTION_MODE = (
    "AEGIS_PG_DSN leads to a pooler that gives each transaction another session (PgBouncer: pool_mode=transaction): "
    "use session mode, or the server itself"
)


@contextmanager
def pg_errors_translated() -> Iterator[None]:
    """Raise this package's errors in place of those of asyncpg.

    Raises:
        DatabaseUnavailableError: down, restarting, overloaded, deadlocked, or not set up; the same call may succeed
            later. DatabaseReadOnlyError, where it takes no writes: on another connection it may.
        DatabaseSetupError: a pooler does not do what we need.
        RowRejectedError: the data is at fault.
        DatabaseError: anything else.

    """
    try:
        yield
    except asyncpg.PostgresError as error:
        raise _of_postgres_error(error) from error
    except asyncpg.ClientConfigurationError as error:
        raise DatabaseSetupError(f"AEGIS_PG_DSN asks for what cannot be done: {error}") from error
    except ssl.SSLError as error:
        raise DatabaseUnavailableError(
            f"the database and we do not agree on TLS: {error}; check sslmode, sslrootcert, sslcert and sslkey of "
            "AEGIS_PG_DSN"
        ) from error
    except (OSError, TimeoutError) as error:
        raise DatabaseUnavailableError(f"the database does not answer: {str(error) or type(error).__name__}") from error
    except (ValueError, TypeError, OverflowError, UnicodeError) as error:
        # Raised by asyncpg's encoders, before anything is sent.
        raise RowRejectedError(f"a value does not fit its column: {error}") from error
    except asyncpg.InterfaceError as error:
        raise DatabaseUnavailableError(f"the connection to the database was lost: {error}") from error
    except asyncpg.InternalClientError as error:
        raise DatabaseUnavailableError(f"the connection to the database is out of step: {error}") from error


def _of_postgres_error(error: asyncpg.PostgresError) -> DatabaseError:
    state = error.sqlstate or ""
    said = f"{error} (SQLSTATE {state})"
    if (pooler := _of_pooler(state, said)) is not None:
        return pooler
    if state == _READ_ONLY:
        return DatabaseReadOnlyError(f"the database takes no writes: {said}")
    if state[:2] in _DATA_CLASSES:
        return RowRejectedError(said)
    if state[:2] in _OUTAGE_CLASSES:
        return DatabaseUnavailableError(f"the database cannot serve now: {said}")
    if state[:2] in _SETUP_CLASSES:
        return DatabaseUnavailableError(
            f"the database is not set up for us: {said}; check AEGIS_PG_DSN and AEGIS_PG_SCHEMA, or run: "
            "aegis db migrate"
        )
    return DatabaseError(said)


def _of_pooler(state: str, said: str) -> DatabaseSetupError | None:
    if state in _OTHER_SESSION:
        return PoolerModeError(f"{TRANSACTION_MODE}; it said: {said}")
    if state == _PROTOCOL_VIOLATION and any(text in said for text in _NEVER_TAKEN):
        return DatabaseSetupError(
            f"the pooler that AEGIS_PG_DSN leads to refuses us: {said}; leave options out of the DSN, or name it in "
            "PgBouncer's ignore_startup_parameters"
        )
    return None

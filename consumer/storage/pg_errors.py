"""From what asyncpg raises to whose fault it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from consumer.storage.errors import DatabaseError, DatabaseUnavailableError, RowRejectedError

# By the first two characters of SQLSTATE.
_DATA_CLASSES = frozenset({"22", "23", "54"})  # data exception, constraint violated, limit of the server exceeded
_OUTAGE_CLASSES = frozenset({"08", "25", "40", "53", "55", "57", "58"})
# Nothing that a row could be blamed for: wrong password, no such database, no such table, no right to it.
_SETUP_CLASSES = frozenset({"28", "3D", "3F", "42"})


@contextmanager
def pg_errors_translated() -> Iterator[None]:
    """Raise this package's errors in place of those of asyncpg.

    Raises:
        DatabaseUnavailableError: down, restarting, overloaded, deadlocked, or not set up; the same call may succeed
            later.
        RowRejectedError: the data is at fault.
        DatabaseError: anything else.

    """
    try:
        yield
    except asyncpg.PostgresError as error:
        raise _of_postgres_error(error) from error
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
    state_class = (error.sqlstate or "")[:2]
    if state_class in _DATA_CLASSES:
        return RowRejectedError(f"{error} (SQLSTATE {error.sqlstate})")
    if state_class in _OUTAGE_CLASSES:
        return DatabaseUnavailableError(f"the database cannot serve now: {error} (SQLSTATE {error.sqlstate})")
    if state_class in _SETUP_CLASSES:
        return DatabaseUnavailableError(
            f"the database is not set up for us: {error} (SQLSTATE {error.sqlstate}); "
            "check AEGIS_PG_DSN and AEGIS_PG_SCHEMA, or run: aegis db migrate"
        )
    return DatabaseError(f"{error} (SQLSTATE {error.sqlstate})")

"""Whether a session can do what the sink's batches do, asked without writing anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from consumer.storage.errors import DatabaseReadOnlyError, DatabaseUnavailableError

if TYPE_CHECKING:
    from consumer.storage.postgres.database import Connection

_TIMEOUT_SECONDS: Final = 5
_READ_ONLY: Final = "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean"
_MISSING: Final = """
SELECT privilege || ' on ' || name AS lacking FROM (VALUES
    ('assets', 'SELECT'), ('assets', 'INSERT'), ('assets', 'UPDATE'), ('assets', 'DELETE'),
    ('asset_tags', 'SELECT'), ('asset_tags', 'INSERT'), ('asset_tags', 'DELETE'),
    ('removed_assets', 'SELECT'), ('removed_assets', 'INSERT'), ('removed_assets', 'UPDATE'),
    ('embeddings_incoming', 'INSERT'),
    ('texture_relations', 'SELECT'), ('texture_relations', 'INSERT'),
    ('name_words', 'SELECT'), ('name_words', 'INSERT'),
    ('verdicts', 'SELECT'), ('verdicts', 'INSERT'), ('verdicts', 'UPDATE')
) AS needed (name, privilege)
WHERE NOT coalesce(has_table_privilege(to_regclass($1 || name), privilege), false)
UNION ALL
SELECT 'TEMPORARY on the database' WHERE NOT has_database_privilege(current_database(), 'TEMPORARY')
"""


async def check_writable(session: Connection) -> None:
    """Return when the server takes writes, and the tables are there with the rights to write to them.

    Raises:
        DatabaseReadOnlyError: the server takes no writes.
        DatabaseUnavailableError: a table or a right is missing.

    """
    await check_takes_writes(session)
    missing = await session.fetch(_MISSING, session.sql("{schema}."), timeout=_TIMEOUT_SECONDS)
    if missing:
        lacking = ", ".join(row["lacking"] for row in missing)
        raise DatabaseUnavailableError(
            f"the database's user lacks in schema {session.schema!r}: {lacking}; grant it, or run: aegis db migrate"
        )


async def check_takes_writes(session: Connection) -> None:
    """Return when the server takes writes; raises DatabaseReadOnlyError."""
    if await session.fetchval(_READ_ONLY, timeout=_TIMEOUT_SECONDS):
        raise DatabaseReadOnlyError("the database takes no writes: it is a standby, or set to read only")

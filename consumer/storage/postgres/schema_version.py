"""Which version the tables have, and whether this code works with it.

Apart from the migrations themselves, which need Alembic: every process looks here at its start.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from consumer.storage.errors import SchemaTooNewError, SchemaTooOldError
from consumer.storage.postgres.pg_errors import pg_errors_translated
from consumer.storage.postgres.poolers import refuse_transaction_mode
from consumer.storage.postgres.sessions import open_session
from schemas import migrations
from schemas.connections import DatabaseConnection

_WHOLE_PGVECTOR: Final = (0, 8, 4)
_PGVECTOR: Final = "SELECT default_version FROM pg_available_extensions WHERE name = 'vector'"


@dataclass(frozen=True, slots=True)
class SchemaVersion:
    """Which revision the tables are at (None: there are none), and which one this code works with.

    ``pgvector`` is the version of the server's library, None where it has none.
    """

    found: str | None
    known: str
    pgvector: str | None = None

    @property
    def warning(self) -> str | None:
        """Return what is wrong with the server's pgvector, though it works."""
        if self.pgvector is None or tuple(map(int, re.findall(r"\d+", self.pgvector))) >= _WHOLE_PGVECTOR:
            return None
        return (
            f"the server's pgvector is {self.pgvector}, and before 0.8.4 vacuuming may damage an HNSW index, so that "
            "aegis search --like misses assets: upgrade it, then REINDEX the indexes embeddings_hnsw_…"
        )


async def schema_version(connection: DatabaseConnection, *, writes: bool = False) -> SchemaVersion:
    """Read the revision of the tables, with ``writes`` on a server that takes them.

    Raises:
        PoolerModeError: a pooler in transaction mode lies before them.
        DatabaseUnavailableError: nobody can say now.

    """
    session = await open_session(connection, writes=writes, statement_cache_size=0)
    try:
        await refuse_transaction_mode(session, connection)
        with pg_errors_translated():
            table, applied = session.sql("{schema}.alembic_version"), None
            if await session.fetchval("SELECT to_regclass($1)", table) is not None:
                applied = await session.fetchval(f"SELECT version_num FROM {table}")  # noqa: S608 - the settings' pattern
            return SchemaVersion(applied, migrations.latest(), await session.fetchval(_PGVECTOR))
    finally:
        session.terminate()


async def check_schema(connection: DatabaseConnection, *, writes: bool = False) -> SchemaVersion:
    """Return the version when the tables are those that this code works with.

    Raises:
        SchemaTooOldError: migrations are missing.
        SchemaTooNewError: a newer version of the product migrated the tables.
        PoolerModeError: a pooler in transaction mode lies before them.
        DatabaseUnavailableError: nobody can say now.

    """
    version = await schema_version(connection, writes=writes)
    compare(version, connection.db_schema)
    return version


def compare(version: SchemaVersion, schema: str) -> None:
    """Raise SchemaTooOldError or SchemaTooNewError unless the tables are those that this code works with."""
    if version.found is None:
        raise SchemaTooOldError(f"the schema {schema!r} holds no tables of ours: run: aegis db migrate")
    if int(version.found) < int(version.known):
        raise SchemaTooOldError(
            f"the tables in schema {schema!r} are at revision {version.found}, this version needs {version.known}: "
            "run: aegis db migrate"
        )
    if int(version.found) > int(version.known):
        raise SchemaTooNewError(
            f"the tables in schema {schema!r} are at revision {version.found}, this version knows {version.known} at "
            "most: upgrade aegis-tagger, or set AEGIS_PG_SCHEMA to a schema of its own"
        )

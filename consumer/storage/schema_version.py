"""Which version the tables have, and whether this code works with it.

Apart from the migrations themselves, which need Alembic: every process looks here at its start.
"""

from __future__ import annotations

from dataclasses import dataclass

from consumer.storage.database import connect
from consumer.storage.errors import SchemaTooNewError, SchemaTooOldError
from schemas import migrations
from schemas.connections import DatabaseConnection


@dataclass(frozen=True, slots=True)
class SchemaVersion:
    """Which revision the tables are at (None: there are none), and which one this code works with."""

    found: str | None
    known: str


async def schema_version(connection: DatabaseConnection) -> SchemaVersion:
    """Read the revision of the tables; raises DatabaseUnavailableError."""
    session = await connect(connection)
    try:
        table = f"{connection.db_schema}.alembic_version"
        found = None
        if await session.fetchval("SELECT to_regclass($1)", table) is not None:
            found = await session.fetchval(f"SELECT version_num FROM {table}")  # noqa: S608 - the settings' pattern
        return SchemaVersion(found, migrations.latest())
    finally:
        await session.close()


async def check_schema(connection: DatabaseConnection) -> None:
    """Return when the tables are those that this code works with.

    Raises:
        SchemaTooOldError: migrations are missing.
        SchemaTooNewError: a newer version of the product migrated the tables.
        DatabaseUnavailableError: nobody can say now.

    """
    compare(await schema_version(connection), connection.db_schema)


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

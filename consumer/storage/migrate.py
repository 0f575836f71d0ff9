"""Bringing the tables to the version that this code works with, and telling when they are not."""

from __future__ import annotations

from dataclasses import dataclass

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from consumer.storage.database import connect, server_settings
from consumer.storage.errors import DatabaseError, DatabaseUnavailableError, SchemaTooNewError, SchemaTooOldError
from schemas import migrations
from schemas.connections import DatabaseConnection

# Any number does, as long as every version of this product takes the same.
_LOCK = 7_245_318_906


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
    _compare(await schema_version(connection), connection.db_schema)


async def migrate(connection: DatabaseConnection) -> SchemaVersion:
    """Apply the missing migrations in one transaction; safe to call from several processes at once.

    Returns:
        The version that was found before.

    Raises:
        SchemaTooNewError: the tables are newer than this code; nothing is changed.
        DatabaseUnavailableError: nobody answers.
        DatabaseError: a step failed; nothing is changed.

    """
    before = await schema_version(connection)
    if before.found is not None and int(before.found) > int(before.known):
        _compare(before, connection.db_schema)
    url = make_url(connection.dsn.get_secret_value()).set(drivername="postgresql+asyncpg")
    settings = server_settings(connection) | {"statement_timeout": "0"}
    engine = create_async_engine(url, poolclass=NullPool, connect_args={"server_settings": settings})
    try:
        async with engine.begin() as session:
            await session.run_sync(_upgrade, connection.db_schema)
    except DBAPIError as error:
        raise DatabaseError(f"a migration failed and nothing was changed: {error.orig}") from error
    except OSError as error:
        raise DatabaseUnavailableError(f"the database does not answer: {error}") from error
    finally:
        await engine.dispose()
    return before


def _upgrade(session: Connection, schema: str) -> None:
    session.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
    session.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema}"))
    session.execute(text("CREATE EXTENSION IF NOT EXISTS vector WITH SCHEMA public"))
    config = Config()
    config.set_main_option("script_location", str(migrations.FOLDER).replace("%", "%%"))
    config.attributes["connection"] = session
    config.attributes["schema"] = schema
    command.upgrade(config, "head")


def _compare(version: SchemaVersion, schema: str) -> None:
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

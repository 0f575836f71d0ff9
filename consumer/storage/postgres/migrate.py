"""Bringing the tables to the version that this code works with."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from consumer.storage.errors import DatabaseError, DatabaseUnavailableError
from consumer.storage.postgres.database import connect
from consumer.storage.postgres.schema_version import SchemaVersion, compare, schema_version
from consumer.storage.postgres.sessions import Session
from schemas import migrations
from schemas.connections import DatabaseConnection

# Any number does, as long as every version of this product takes the same.
_LOCK = 7_245_318_906


async def migrate(connection: DatabaseConnection, *, to: str = "head") -> SchemaVersion:
    """Apply the missing migrations in one transaction; safe to call from several processes at once.

    ``to`` another revision than the newest is for tests of what a step finds.

    Returns:
        The version that was found before.

    Raises:
        SchemaTooNewError: the tables are newer than this code; nothing is changed.
        DatabaseUnavailableError: nobody answers.
        DatabaseError: a step failed; nothing is changed.

    """
    before = await schema_version(connection, writes=True)
    if before.found is not None and int(before.found) > int(before.known):
        compare(before, connection.db_schema)

    async def connected() -> Session:
        return await connect(connection, command_seconds=None)

    engine = create_async_engine("postgresql+asyncpg://", poolclass=NullPool, async_creator=connected)
    try:
        async with engine.begin() as session:
            await session.run_sync(_upgrade, connection.db_schema, to)
    except DBAPIError as error:
        raise DatabaseError(f"a migration failed and nothing was changed: {error.orig}") from error
    except OSError as error:
        raise DatabaseUnavailableError(f"the database does not answer: {error}") from error
    finally:
        await engine.dispose()
    return before


def _upgrade(session: Connection, schema: str, to: str) -> None:
    session.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
    session.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{schema}"'))
    # The steps name no schema; within this transaction nothing can come between this and them.
    session.execute(text(f'SET LOCAL search_path TO "{schema}", public'))
    session.execute(text("SET LOCAL statement_timeout = 0"))
    session.execute(text("CREATE EXTENSION IF NOT EXISTS vector WITH SCHEMA public"))
    config = Config()
    config.set_main_option("script_location", str(migrations.FOLDER).replace("%", "%%"))
    config.attributes["connection"] = session
    config.attributes["schema"] = schema
    command.upgrade(config, to)

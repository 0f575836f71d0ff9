"""The tables of PostgreSQL: made, upgraded, and refused where they are of another version."""

from __future__ import annotations

import asyncio

import pytest

from consumer.storage.errors import DatabaseUnavailableError, SchemaTooNewError, SchemaTooOldError
from consumer.storage.postgres.database import connect
from consumer.storage.postgres.migrate import migrate
from consumer.storage.postgres.schema_version import check_schema, schema_version
from consumer.storage.tables.tags import TagStore
from schemas import migrations
from schemas.connections import DatabaseConnection


async def test_tables_are_made_from_nothing_and_a_second_time_changes_nothing(database: DatabaseConnection) -> None:
    assert (await migrate(database)).found is None
    assert (await migrate(database)).found == migrations.latest()
    await check_schema(database)


async def test_several_processes_may_migrate_at_once(database: DatabaseConnection) -> None:
    """As they do when a deployment starts several replicas."""
    await asyncio.gather(*(migrate(database) for _ in range(4)))
    assert (await schema_version(database)).found == migrations.latest()


async def test_the_sink_refuses_to_start_without_tables(database: DatabaseConnection) -> None:
    with pytest.raises(SchemaTooOldError, match="run: aegis db migrate"):
        await TagStore.open(database)


async def test_the_sink_refuses_to_start_on_newer_tables(database: DatabaseConnection) -> None:
    await migrate(database)
    session = await connect(database)
    await session.execute("UPDATE alembic_version SET version_num = '9999'")
    await session.close()
    with pytest.raises(SchemaTooNewError, match="at revision 9999, this version knows"):
        await TagStore.open(database)
    with pytest.raises(SchemaTooNewError):
        await migrate(database)
    assert (await schema_version(database)).found == "9999"


async def test_two_deployments_share_a_database_by_schema(database: DatabaseConnection) -> None:
    """Blue and green: tables of one are never seen by the other."""
    other = DatabaseConnection(dsn=database.dsn, AEGIS_PG_SCHEMA=f"{database.db_schema}_green")
    await migrate(database)
    with pytest.raises(SchemaTooOldError):
        await check_schema(other)
    await migrate(other)
    await check_schema(other)


async def test_a_database_that_is_not_there_is_unavailable() -> None:
    nowhere = DatabaseConnection(dsn="postgresql://nobody@127.0.0.1:9/nothing")
    with pytest.raises(DatabaseUnavailableError):
        await migrate(nowhere)
    with pytest.raises(DatabaseUnavailableError):
        await check_schema(nowhere)

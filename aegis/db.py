"""`aegis db`: the tables of PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import click

from consumer.storage.errors import DatabaseError
from consumer.storage.migrate import migrate as migrate_tables
from consumer.storage.schema_version import check_schema, schema_version
from schemas.connections import DatabaseConnection

ResultT = TypeVar("ResultT")


@click.group("db")
def command() -> None:
    """Create and upgrade the PostgreSQL tables."""


@command.command()
def migrate() -> None:
    """Bring the tables to the version of this program; safe to run again, and from several places at once."""
    connection = DatabaseConnection()
    before = _run(migrate_tables(connection))
    if before.found == before.known:
        click.echo(f"schema {connection.db_schema}: revision {before.known}, nothing to do")
    else:
        click.echo(f"schema {connection.db_schema}: migrated from {before.found or 'nothing'} to {before.known}")


@command.command()
def status() -> None:
    """Say which version the tables have; exit 1 when it is not the one of this program."""
    connection = DatabaseConnection()
    version = _run(schema_version(connection))
    click.echo(f"schema {connection.db_schema}: revision {version.found or 'none'}, this program has {version.known}")
    _run(check_schema(connection))


def _run(work: Coroutine[Any, Any, ResultT]) -> ResultT:
    try:
        return asyncio.run(work)
    except DatabaseError as error:
        raise click.ClickException(str(error)) from error

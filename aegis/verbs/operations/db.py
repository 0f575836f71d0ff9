"""`aegis db`: the tables of PostgreSQL."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

import click

from aegis.shared.verb import VerbGroup

if TYPE_CHECKING:
    from consumer.storage.postgres.schema_version import SchemaVersion

ResultT = TypeVar("ResultT")


@click.group("db", cls=VerbGroup)
def command() -> None:
    """Create and upgrade the PostgreSQL tables."""


@command.command(examples=("aegis db migrate",))
def migrate() -> None:
    """Upgrade the tables to the version of this program; safe to run again, and from several places at once."""
    from consumer.storage.postgres.migrate import migrate as migrate_tables
    from schemas.connections import DatabaseConnection

    connection = DatabaseConnection()
    before = _run(migrate_tables(connection))
    if before.found == before.known:
        click.echo(f"schema {connection.db_schema}: revision {before.known}, nothing to do")
    else:
        click.echo(f"schema {connection.db_schema}: migrated from {before.found or 'nothing'} to {before.known}")
    _warn(before)


@command.command(examples=("aegis db status",))
def status() -> None:
    """Show the version of the tables; exit 1 if it is not the one of this program."""
    from consumer.storage.postgres.schema_version import check_schema, schema_version
    from schemas.connections import DatabaseConnection

    connection = DatabaseConnection()
    version = _run(schema_version(connection))
    click.echo(f"schema {connection.db_schema}: revision {version.found or 'none'}, this program has {version.known}")
    _warn(version)
    _run(check_schema(connection))


@command.command("publish-verdicts", examples=("aegis db publish-verdicts",))
def publish_verdicts() -> None:
    """Publish the verdicts that were stored before verdicts were events; run it once after an upgrade to 0.1.0.

    Their events have the same ids however often it is run, so each counts once.
    """
    from aegis.shared.assets.reviewing import at_desk
    from consumer.reviewing.publishing import publish_stored

    published = at_desk(publish_stored)
    if not published.verdicts and not published.refused:
        click.echo("every verdict in the tables is on Kafka, nothing to do")
        return
    click.echo(f"published {published.verdicts} verdicts; the sink notes it in the tables")
    for sentence in published.refused:
        click.echo(f"left as it is: {sentence}", err=True)
    if published.refused:
        raise SystemExit(1)


def _warn(version: SchemaVersion) -> None:
    if version.warning:
        click.echo(f"Warning: {version.warning}", err=True)


def _run(work: Coroutine[Any, Any, ResultT]) -> ResultT:
    import asyncio

    from consumer.storage.errors import DatabaseError

    try:
        return asyncio.run(work)
    except DatabaseError as error:
        raise click.ClickException(str(error)) from error

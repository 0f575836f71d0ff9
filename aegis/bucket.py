"""`aegis bucket`: where extractors put objects."""

from __future__ import annotations

import asyncio

import click

from consumer.storage.errors import StoreError
from consumer.storage.objects import ObjectStore
from schemas.connections import ObjectStoreConnection


@click.group("bucket")
def command() -> None:
    """Create the bucket that extractors upload to; AEGIS_S3_BUCKET names it."""


@command.command()
def apply() -> None:
    """Create the bucket if it is missing; safe to run again."""
    connection = ObjectStoreConnection()
    try:
        made = asyncio.run(_ensure(connection))
    except StoreError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"bucket {connection.bucket}: {'created' if made else 'present'}")


async def _ensure(connection: ObjectStoreConnection) -> bool:
    async with ObjectStore(connection) as store:
        return await store.ensure_bucket()

"""`aegis bucket`: where extractors put objects."""

from __future__ import annotations

import click

from aegis.shared.verb import VerbGroup


@click.group("bucket", cls=VerbGroup)
def command() -> None:
    """Create the bucket that extractors upload to; AEGIS_S3_BUCKET names it."""


@command.command(examples=("aegis bucket apply",))
def apply() -> None:
    """Create the bucket if it is missing; safe to run again."""
    import asyncio

    from consumer.storage.errors import StoreError
    from consumer.storage.objects import ObjectStore
    from schemas.connections import ObjectStoreConnection

    async def ensure() -> bool:
        async with ObjectStore(connection) as store:
            return await store.ensure_bucket()

    connection = ObjectStoreConnection()
    try:
        made = asyncio.run(ensure())
    except StoreError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"bucket {connection.bucket}: {'created' if made else 'present'}")

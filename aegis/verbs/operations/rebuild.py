"""`aegis rebuild`: the tables of PostgreSQL from Kafka alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from aegis.shared.errors import UserError
from aegis.shared.verb import Verb

if TYPE_CHECKING:
    import asyncio

    from consumer.replay.rebuilding import Rebuilt


@click.command(
    "rebuild",
    cls=Verb,
    examples=("aegis rebuild", "aegis rebuild --drop --yes"),
)
@click.option("--drop", is_flag=True, help="Drop the schema AEGIS_PG_SCHEMA with all its tables first.")
@click.option("--yes", is_flag=True, help="Drop without asking.")
def command(*, drop: bool, yes: bool) -> None:
    """Fill the tables of PostgreSQL from Kafka: tags, removals, embeddings, and all verdicts of people.

    Tables that are missing are made. It may run beside the sink and be run again; no consumer group is touched. With
    --drop, what is in the tables and not on Kafka is gone: tables with verdicts that were never published are not
    dropped.
    """
    import asyncio

    from aegis.shared.corpus_runs import run_until_signal
    from aegis.views.progress import RunView
    from consumer.kafka.topics import TopicsError
    from consumer.replay.rebuilding import extents, rebuild
    from consumer.storage.postgres.dropping import drop_tables
    from consumer.storage.postgres.migrate import migrate
    from consumer.storage.tables.tags import TagStore
    from schemas.connections import DatabaseConnection, KafkaConnection, TopicSettings

    kafka, database, topics = KafkaConnection(), DatabaseConnection(), TopicSettings().topics
    if drop and not yes:
        click.confirm(f"Drop the schema {database.db_schema} with all its tables?", abort=True)

    async def work(stop: asyncio.Event) -> Rebuilt | None:
        # Before anything is dropped.
        await extents(kafka, topics)
        if drop:
            await drop_tables(database)
        await migrate(database)
        async with await TagStore.open(database) as store:
            with RunView("storing") as view:
                running = asyncio.create_task(rebuild(kafka, topics, store, view.reading))
                stopping = asyncio.create_task(stop.wait())
                await asyncio.wait([running, stopping], return_when="FIRST_COMPLETED")
                stopping.cancel()
                if running.done():
                    return running.result()
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)
                return None

    try:
        _tell(run_until_signal(work))
    except TopicsError as error:
        raise UserError(str(error)) from error


def _tell(rebuilt: Rebuilt | None) -> None:
    if rebuilt is None:
        click.echo("stopped; what is stored stays, run it again for the rest", err=True)
        raise SystemExit(130)
    click.echo(f"read {rebuilt.tagged} tagged events, {rebuilt.removals} removals and {rebuilt.verdicts} verdicts")
    if rebuilt.refused:
        click.echo(f"{rebuilt.refused} records hold no event that a table takes, as the sink's dead letters", err=True)

"""`aegis publish`: send the events that an outage kept in the local spool."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from aegis.shared.errors import UserError
from aegis.shared.verb import Verb

if TYPE_CHECKING:
    from producer_tools.delivery.drain import DrainReport
    from producer_tools.delivery.spool import Spool


@click.command("publish", cls=Verb, examples=("aegis publish --spool",))
@click.option("--spool", "from_spool", is_flag=True, help="Send the events that wait in the spool, oldest first.")
def command(*, from_spool: bool) -> None:
    """Send the events that an outage of Kafka or the object store kept in the local spool."""
    import asyncio

    from aegis.shared.kafka_errors import silence_clients
    from aegis.shared.spool_metrics import write_spool_metrics
    from producer_tools.delivery.spool import Spool
    from producer_tools.errors import SpoolError
    from producer_tools.settings import SpoolSettings

    if not from_spool:
        raise UserError("Say what to publish: `aegis publish --spool` sends the events that wait in the local spool.")
    silence_clients()
    settings = SpoolSettings()
    spool = Spool(settings.dir, settings.max_bytes)
    waiting = len(spool)
    if not waiting:
        click.echo(f"Nothing waits in the spool {spool.folder}.")
        write_spool_metrics(spool, settings)
        return
    try:
        report = asyncio.run(_send(spool, waiting))
    except SpoolError as error:
        raise UserError(f"{error}.") from error
    finally:
        write_spool_metrics(spool, settings)
    click.echo(f"sent {report.sent} of {waiting} events from the spool {spool.folder}")
    for file, reason in report.rejected:
        click.echo(f"an event cannot be sent and was put aside as {file}: {reason}", err=True)
    if report.failure is not None:
        text = f"{report.failure}: {report.left} events go on waiting in {spool.folder}"
        if report.is_refusal:
            raise UserError(f"{text}; mend it, then run this again.")
        raise click.ClickException(f"{text}; try later.")
    if report.rejected:
        raise SystemExit(1)


async def _send(spool: Spool, waiting: int) -> DrainReport:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from consumer.tracing.setup import tracing
    from producer_tools.delivery.connections import connections_from_environment
    from producer_tools.delivery.drain import drain
    from producer_tools.settings import ExtractSettings

    err = Console(stderr=True)
    bars = Progress(
        TextColumn("sending the spool"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=err,
        transient=True,
        disable=not err.is_terminal,
    )
    async with connections_from_environment().services(ExtractSettings()) as services:
        with tracing("aegis-publish"), bars:
            task = bars.add_task("", total=waiting)
            return await drain(spool, services, lambda count: bars.advance(task, count))

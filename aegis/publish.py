"""`aegis publish`: send the events that an outage kept in the local spool."""

from __future__ import annotations

import asyncio
import logging

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from aegis.errors import UserError
from aegis.spool_metrics import write_spool_metrics
from producer_tools.connections import connections_from_environment
from producer_tools.drain import DrainReport, drain
from producer_tools.errors import SpoolError
from producer_tools.settings import ExtractSettings, SpoolSettings
from producer_tools.spool import Spool


@click.command(name="publish")
@click.option("--spool", "from_spool", is_flag=True, help="Send what waits in the spool, oldest first.")
def command(*, from_spool: bool) -> None:
    """Send the events that waited while Kafka or the object store was down."""
    if not from_spool:
        raise UserError("Say what to publish: `aegis publish --spool` sends the events that wait in the local spool.")
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL + 1)
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
    if report.outage is not None:
        raise click.ClickException(f"{report.outage}: {report.left} events go on waiting in {spool.folder}; try later.")


async def _send(spool: Spool, waiting: int) -> DrainReport:
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
        with bars:
            task = bars.add_task("", total=waiting)
            return await drain(spool, services, lambda count: bars.advance(task, count))

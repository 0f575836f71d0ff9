"""`aegis tag`: keep the tags of a folder of textures up to date, in place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from aegis.shared.errors import UserError
from aegis.shared.verb import Verb

if TYPE_CHECKING:
    from producer_tools.library.tag import TagReport

FIELDS = ("run_id", "published", "spooled", "refused", "lost", "removed", "unchanged", "skipped")
_SHOWN: Final = 20


@click.command(
    "tag",
    cls=Verb,
    examples=("aegis tag ./textures", "aegis tag ./textures --watch", "aegis tag . --all --json"),
)
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder of textures.")
@click.option("--all", "everything", is_flag=True, help="Send what is unchanged, too, e.g. after topics were emptied.")
@click.option("--watch", is_flag=True, help="Go on, and send what changes, until Ctrl-C.")
@click.option(
    "--every",
    "every_seconds",
    type=click.FloatRange(0.2),
    default=2.0,
    show_default=True,
    help="Seconds between two looks at the folder, with --watch.",
)
@click.option("--json", "as_json", is_flag=True, help=f"Print one JSON object: {', '.join(FIELDS)}.")
def command(folder: Path, *, everything: bool, watch: bool, every_seconds: float, as_json: bool) -> None:
    """Send the textures of FOLDER that are new or changed to the taggers, and remove those that are gone.

    Nothing is copied or converted. What was sent is noted in FOLDER/.aegis; .aegisignore names what to leave out, and
    aegis init gives the name that ids begin with. Archives are left out: aegis extract opens them. While Kafka or the
    object store is down, events wait in the spool, and removals for the next run.
    """
    import asyncio

    from aegis.shared.kafka_errors import silence_clients
    from aegis.shared.spool_metrics import write_spool_metrics
    from consumer.tracing.setup import tracing
    from producer_tools.delivery.connections import connections_from_environment
    from producer_tools.delivery.spool import Spool
    from producer_tools.errors import InputError
    from producer_tools.library.tag import tag_folder
    from producer_tools.project import open_project
    from producer_tools.settings import ExtractSettings, SpoolSettings

    silence_clients()
    connections, settings, spool = connections_from_environment(), ExtractSettings(), SpoolSettings()

    async def run() -> TagReport:
        project, again = open_project(folder), everything
        while True:
            report = await tag_folder(project, connections, settings, spool, everything=again)
            if not watch:
                return report
            if again or report.ends or report.removed or report.failure:
                _tell(report, as_json=as_json)
            again = False
            await asyncio.sleep(every_seconds)

    try:
        with tracing("aegis-tag"):
            report = asyncio.run(run())
    except InputError as error:
        raise UserError(str(error)) from error
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    finally:
        write_spool_metrics(Spool(spool.dir, spool.max_bytes), spool)
    _tell(report, as_json=as_json)
    if report.is_refusal:
        raise SystemExit(2)
    raise SystemExit(0 if report.is_whole else 1)


def _tell(report: TagReport, *, as_json: bool) -> None:
    from producer_tools.delivery.deliver import State

    counts = {state.value: report.ends[state] for state in State}
    if as_json:
        skipped = [{"file": item.name, "reason": item.reason} for item in report.skipped]
        values = {"run_id": report.run_id, **counts, "removed": report.removed, "unchanged": report.unchanged}
        click.echo(json.dumps({**values, "skipped": skipped}, ensure_ascii=False))
    else:
        sent = counts["published"] + counts["spooled"]
        click.echo(f"{sent} textures sent, {report.removed} removed, {report.unchanged} unchanged")
    for item in report.skipped[:_SHOWN]:
        click.echo(f"left out {item.name}: it {item.reason}", err=True)
    if len(report.skipped) > _SHOWN:
        click.echo(f"… and {len(report.skipped) - _SHOWN} more left out", err=True)
    if report.failure:
        waiting = f"{counts['spooled']} events wait in the spool"
        removals = f", and {report.unremoved} removals for the next run" if report.unremoved else ""
        click.echo(f"{report.failure}: {waiting}{removals}", err=True)
    for reason in report.reasons[:_SHOWN]:
        click.echo(f"Error: {reason}", err=True)

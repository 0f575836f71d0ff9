"""`aegis replay`: tag again what was extracted, beside live tagging."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from aegis.shared.bundles import unknown_tags
from aegis.shared.errors import UserError
from aegis.shared.verb import Verb

if TYPE_CHECKING:
    from consumer.replay.run import ReplayReport


nice_option = click.option(
    "--nice",
    type=click.IntRange(0, 19),
    default=10,
    show_default=True,
    help="Niceness of the process: at 19 it leaves most CPU time to others.",
)
output_topic_option = click.option(
    "--output-topic", metavar="TOPIC", help="Topic to publish the tags to, made if missing; asset-tagged if not given."
)


@click.command(
    "replay",
    cls=Verb,
    examples=(
        "aegis replay --dry-run --filter older",
        "AEGIS_MODEL_BUNDLE=./next aegis replay --name next --rate 20",
        "aegis replay --from 2026-01-31T12:00:00Z --filter 'asset=mygame/*'",
    ),
)
@click.option(
    "--name", help="Name of the replay: processes of the same name share the work, and continue where it stopped."
)
@click.option(
    "--from",
    "start",
    default="beginning",
    show_default=True,
    metavar="WHERE",
    help="Start: beginning, an offset, PARTITION:OFFSET[,…], or a time such as 2026-01-31T12:00:00Z.",
)
@click.option(
    "--filter",
    "filters",
    multiple=True,
    metavar="FILTER",
    help="Condition on the assets: asset=PATTERN, archive=PATTERN, tag=NAME (as stored now), or older (tagged with "
    "another model or taxonomy than this one); if repeated, all of them must hold.",
)
@click.option(
    "--rate", type=click.FloatRange(0, min_open=True), help="Maximum number of assets per second in this process."
)
@output_topic_option
@click.option("--dry-run", is_flag=True, help="Count the assets that would be tagged, and change nothing.")
@nice_option
def command(
    *,
    name: str | None,
    start: str,
    filters: tuple[str, ...],
    rate: float | None,
    output_topic: str | None,
    dry_run: bool,
    nice: int,
) -> None:
    """Tag the newest event of each asset again, from a start to the present end of the topic.

    A replay has a consumer group of its own, so that live tagging continues undelayed. It ends by itself; after it was
    stopped or killed, it does not repeat what was done. Its tags never replace those of a newer extraction, nor a
    person's verdict. AEGIS_MODEL_BUNDLE names the model.
    """
    from aegis.shared.corpus_runs import check_name, make_output_topic, run_until_signal
    from aegis.views.progress import RunView
    from consumer.replay.plans.plan import Start
    from consumer.replay.run import ReplayRequest, count_replay, run_replay
    from consumer.replay.selecting.filters import AssetFilter

    chosen = check_name(name or f"{datetime.now(UTC):%Y%m%d-%H%M%S}")
    try:
        request = ReplayRequest(chosen, Start.parse(start), AssetFilter.parse(filters), output_topic, rate)
    except ValueError as error:
        raise UserError(str(error)) from error
    if unknown := unknown_tags(request.wanted.tags):
        click.echo(f"Warning: {unknown}", err=True)
    os.nice(nice)
    if output_topic is not None and not dry_run:
        make_output_topic(output_topic)
    with RunView("tagging") as view:
        if dry_run:
            report = run_until_signal(lambda _: count_replay(request, view.reading))
        else:
            report = run_until_signal(lambda stop: run_replay(request, stop, view.reading, view.progress))
    if dry_run:
        click.echo(f"{report.counts.selected} assets would be tagged{_rest(report)}")
        return
    tell_replay(chosen, report)


def tell_replay(name: str, report: ReplayReport) -> None:
    """Print what came of a replay; ends with 130 when it was stopped before its end."""
    if not report.complete:
        click.echo(
            f"stopped after {report.tagged_here} assets; it goes on with: aegis replay --name {name} "
            "(and the same options)",
            err=True,
        )
        raise SystemExit(130)
    if report.nothing_left:
        click.echo(f"replay {name}: complete, nothing is left to do")
        return
    changed = report.changed_since_here
    click.echo(
        f"replay {name}: complete, {report.counts.selected} assets, {report.tagged_here} of them tagged by this process"
        f"{f', {changed} changed meanwhile and left to live tagging' if changed else ''}{_rest(report)}"
    )


def _rest(report: ReplayReport) -> str:
    from aegis.views.progress import in_brackets

    counts = report.counts
    return in_brackets(
        {
            "superseded by newer events": counts.superseded,
            "filtered out": counts.filtered_out,
            "removals": counts.removals,
            "no events, see the dead letters": counts.malformed,
        }
    )

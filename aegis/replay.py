"""`aegis replay`: tag again what was extracted, beside live tagging."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import click

from aegis.errors import UserError
from aegis.run_view import RunView, in_brackets
from aegis.runs import check_name, make_output_topic, run_until_signal
from consumer.replay.filters import AssetFilter
from consumer.replay.run import ReplayReport, ReplayRequest, count_replay, run_replay
from consumer.stream.plan import Start


@click.command("replay")
@click.option("--name", help="Name of the replay: processes of one name share it, and it goes on where it stopped.")
@click.option(
    "--from",
    "start",
    default="beginning",
    show_default=True,
    metavar="WHERE",
    help="beginning, an offset, PARTITION:OFFSET[,…], or a time such as 2026-01-31T12:00:00Z.",
)
@click.option(
    "--filter",
    "filters",
    multiple=True,
    metavar="FILTER",
    help="asset=PATTERN, archive=PATTERN, tag=NAME (as stored now), or older (made by another model or taxonomy than "
    "this one); all that are given must hold.",
)
@click.option("--rate", type=click.FloatRange(0, min_open=True), help="Assets a second, at most, in this process.")
@click.option("--output-topic", metavar="TOPIC", help="Where the tags go, in place of asset-tagged; made when missing.")
@click.option("--dry-run", is_flag=True, help="Count what would be tagged; change nothing.")
@click.option(
    "--nice", type=click.IntRange(0, 19), default=10, show_default=True, help="How far it steps back for others."
)
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
    """Tag again the newest event of each asset, from a start to where the topic ends now.

    A replay has a consumer group of its own, so that live tagging goes on undelayed. It ends by itself; what it had
    done when it was stopped, or killed, is not done again. Its tags never replace those of a newer extraction, nor
    what a person said. AEGIS_MODEL_BUNDLE names the model that tags.
    """
    chosen = check_name(name or f"{datetime.now(UTC):%Y%m%d-%H%M%S}")
    try:
        request = ReplayRequest(chosen, Start.parse(start), AssetFilter.parse(filters), output_topic, rate)
    except ValueError as error:
        raise UserError(str(error)) from error
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
    counts = report.counts
    return in_brackets(
        {
            "superseded by newer events": counts.superseded,
            "filtered out": counts.filtered_out,
            "removals": counts.removals,
            "no events, see the dead letters": counts.malformed,
        }
    )

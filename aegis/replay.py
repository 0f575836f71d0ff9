"""`aegis replay`: tag again what was extracted, beside live tagging."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import click

from aegis.errors import UserError
from aegis.replay_view import ReplayView
from aegis.runs import make_output_topic, run_until_signal

_NAME = r"^[A-Za-z0-9._-]{1,100}$"


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
    import re  # noqa: PLC0415 - with the rest that only the work needs

    from consumer.replay.filters import AssetFilter  # noqa: PLC0415 - heavy
    from consumer.replay.run import ReplayRequest, count_replay, run_replay  # noqa: PLC0415 - heavy
    from consumer.stream.plan import Start  # noqa: PLC0415 - heavy

    chosen = name or f"{datetime.now(UTC):%Y%m%d-%H%M%S}"
    if not re.match(_NAME, chosen):
        raise UserError(f"--name {chosen!r}: letters, digits, dots, dashes and underscores only")
    try:
        request = ReplayRequest(chosen, Start.parse(start), AssetFilter.parse(filters), output_topic, rate)
    except ValueError as error:
        raise UserError(str(error)) from error
    os.nice(nice)
    with ReplayView(chosen) as view:
        if dry_run:
            view.counted(run_until_signal(lambda _: count_replay(request, view.reading)))
            return
        if output_topic is not None:
            make_output_topic(output_topic)
        report = run_until_signal(lambda stop: run_replay(request, stop, view.reading, view.progress))
    view.ended(report)
    if not report.complete:
        raise SystemExit(130)

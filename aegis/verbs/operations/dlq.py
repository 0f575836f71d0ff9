"""`aegis dlq`: records that could not be processed, and what to do with them."""

from __future__ import annotations

import sys
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

import click

from aegis.shared.dlq_options import (
    PLACE,
    SOURCES,
    demand_a_choice,
    selecting,
    selection_of,
    source_topic,
    topic_option,
)
from aegis.shared.output import print_json_lines
from aegis.shared.verb import VerbGroup, json_lines

if TYPE_CHECKING:
    from producer_tools.dead_letters.letters import Letter
    from producer_tools.dead_letters.offsets import PartitionOffset

ResultT = TypeVar("ResultT")

FIELDS = ("partition", "offset", "asset_id", "failed_at", "replay_count", "history")


@click.group("dlq", cls=VerbGroup)
def command() -> None:
    """List, show, redrive and drop dead letters: the records that could not be processed.

    docs/production.md says what to do when.
    """


@command.command(
    examples=("aegis dlq ls", "aegis dlq ls --stage fetch --since 2h --each", "aegis dlq ls --json | jq .asset_id")
)
@click.option(
    "--topic", "source", type=click.Choice(SOURCES), help="Topic that the records failed on; both if not given."
)
@selecting
@click.option("--each", is_flag=True, help="Show one line per dead letter, not one per kind of failure.")
@click.option("--all", "closed_too", is_flag=True, help="Include closed dead letters, as long as Kafka keeps them.")
@json_lines(("source_topic", *FIELDS))
def ls(*, source: str | None, each: bool, closed_too: bool, as_json: bool, **chosen: Any) -> None:
    """List the waiting dead letters by failure and stage."""
    from aegis.views.dlq import letter_json, print_groups, print_letters
    from producer_tools.dead_letters.overview import grouped, letters_of
    from schemas.connections import KafkaConnection

    selection = selection_of(**chosen)
    topics = [source_topic(item) for item in ([source] if source else SOURCES)]
    letters_by_topic = {
        topic: _run(letters_of(KafkaConnection(), topic, selection, closed_too=closed_too)) for topic in topics
    }
    if as_json:
        print_json_lines(
            {"source_topic": topic, **letter_json(letter)}
            for topic, letters in letters_by_topic.items()
            for letter in letters
        )
    elif not any(letters_by_topic.values()):
        # Not on stdout, whose lines are dead letters.
        click.echo("No dead letter waits." if selection.is_everything else "No such dead letter waits.", err=True)
    elif each:
        print_letters(letters_by_topic)
    else:
        print_groups([group for topic, letters in letters_by_topic.items() for group in grouped(topic, letters)])


@command.command(examples=("aegis dlq show 3:41", "aegis dlq show 3:41 --topic tagged --raw > value.json"))
@click.argument("place", type=PLACE, help="Partition and offset on the dead-letter topic, e.g. 3:41.")
@topic_option
@click.option("--raw", is_flag=True, help="Print the unchanged bytes of the value, and nothing else.")
@click.option("--json", "as_json", is_flag=True, help=f"Print one JSON object: {', '.join(FIELDS)}, headers and value.")
def show(place: PartitionOffset, *, source: str, raw: bool, as_json: bool) -> None:
    """Show one dead letter: its history, its headers and its value."""
    from aegis.views.dlq import letter_json, print_letter, shown_content
    from producer_tools.dead_letters.topics import letter_at, opened
    from schemas.connections import KafkaConnection

    async def find() -> Letter:
        async with opened(KafkaConnection()) as consumer:
            return await letter_at(consumer, source_topic(source), place)

    letter = _run(find())
    if raw:
        sys.stdout.buffer.write(letter.value or b"")
    elif as_json:
        print_json_lines([{**letter_json(letter), **shown_content(letter)}])
    else:
        print_letter(letter)


@command.command(
    examples=("aegis dlq redrive --class ObjectMissingError --dry-run", "aegis dlq redrive --all --rate 50")
)
@topic_option
@selecting
@click.option("--all", "everything", is_flag=True, help="Select all waiting dead letters.")
@click.option("--dry-run", is_flag=True, help="Say what would happen, and change nothing.")
@click.option(
    "--rate", type=click.FloatRange(min=0, min_open=True), help="Maximum number of dead letters to redrive per second."
)
@click.option("--limit", type=click.IntRange(min=1), help="Maximum number of dead letters to redrive.")
@click.option(
    "--max-replays",
    default=3,
    show_default=True,
    help="Number of redrives of the same dead letter after which it is left alone.",
)
def redrive(
    *,
    source: str,
    everything: bool,
    dry_run: bool,
    rate: float | None,
    limit: int | None,
    max_replays: int,
    **chosen: Any,
) -> None:
    """Send dead letters, unchanged, to the topic that they failed on.

    May be interrupted and run again at any time. A dead letter whose asset has a later record on the topic is closed
    instead, because redriving it would make it the newest.
    """
    from aegis.views.dlq import RedriveBars, summary
    from producer_tools.dead_letters.redrive import RedriveRequest
    from producer_tools.dead_letters.redrive import redrive as redrive_letters
    from schemas.connections import KafkaConnection

    selection = selection_of(**chosen)
    demand_a_choice(selection, everything=everything, verb="redrive")
    request = RedriveRequest(
        source_topic(source), selection, max_replays=max_replays, rate=rate, limit=limit, dry_run=dry_run
    )
    with RedriveBars() as bars:
        report = _run(redrive_letters(KafkaConnection(), request, bars))
    first, *others = summary(report, dry_run=dry_run)
    click.echo(first)
    for sentence in others:
        click.echo(sentence, err=True)
    if report.refused:
        raise SystemExit(1)


@command.command(
    examples=(
        "aegis dlq drop --stage decode-image --until 7d --reason 'damaged files' --dry-run",
        "aegis dlq drop --offset 3:41 --reason 'made by a test' --yes",
    )
)
@topic_option
@selecting
@click.option("--all", "everything", is_flag=True, help="Select all waiting dead letters.")
@click.option("--reason", required=True, help="Reason for dropping them, which is logged with each dead letter.")
@click.option("--dry-run", is_flag=True, help="Count the dead letters, and change nothing.")
@click.option("--yes", is_flag=True, help="Drop them without asking for confirmation.")
def drop(*, source: str, everything: bool, reason: str, dry_run: bool, yes: bool, **chosen: Any) -> None:
    """Close dead letters for good without redriving them.

    Each is logged on standard error, one JSON object per line.
    """
    import structlog

    from aegis.views.dlq import letter_json
    from producer_tools.dead_letters.drop import drop as drop_letters
    from schemas.connections import KafkaConnection

    selection = selection_of(**chosen)
    demand_a_choice(selection, everything=everything, verb="drop")
    topic = source_topic(source)
    count = _run(drop_letters(KafkaConnection(), topic, selection, lambda _: None, dry_run=True))
    if dry_run or not count:
        click.echo(f"{count} dead letters would be dropped" if dry_run else "No such dead letter waits.")
        return
    if not yes:
        click.confirm(f"Drop {count} dead letters of {topic}?", abort=True)
    processors = (
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.JSONRenderer(),
    )
    wrapper = structlog.make_filtering_bound_logger(0)
    log = structlog.wrap_logger(structlog.PrintLogger(sys.stderr), processors=processors, wrapper_class=wrapper)

    def note(letter: Letter) -> None:
        log.warning("letter.dropped", reason=reason, source_topic=topic, **letter_json(letter))

    click.echo(f"{_run(drop_letters(KafkaConnection(), topic, selection, note))} dead letters dropped")


def _run(work: Coroutine[Any, Any, ResultT]) -> ResultT:
    import asyncio

    from aegis.shared.kafka_errors import kafka_error, silence_clients
    from producer_tools.dead_letters.errors import DeadLetterError

    # What the client logs comes again as our one sentence.
    silence_clients()
    try:
        return asyncio.run(work)
    except DeadLetterError as error:
        raise kafka_error(error) from error

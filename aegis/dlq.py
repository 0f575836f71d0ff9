"""`aegis dlq`: records that could not be processed, and what to do with them."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

import click
import structlog
from rich.console import Console

from aegis.dlq_options import (
    PLACE,
    SOURCES,
    demand_a_choice,
    selecting,
    selection_of,
    source_topic,
    topic_option,
)
from aegis.dlq_view import RedriveBars, groups_table, letter_json, letters_table, print_letter, summary
from producer_tools.dead_letters.drop import drop as drop_letters
from producer_tools.dead_letters.errors import DeadLetterError
from producer_tools.dead_letters.letters import Letter
from producer_tools.dead_letters.overview import grouped, letters_of
from producer_tools.dead_letters.places import Place
from producer_tools.dead_letters.redrive import RedriveRequest
from producer_tools.dead_letters.redrive import redrive as redrive_letters
from producer_tools.dead_letters.topics import letter_at, opened
from schemas.connections import KafkaConnection

ResultT = TypeVar("ResultT")


@click.group("dlq")
def command() -> None:
    """List, show, put back and drop the records that could not be processed.

    docs/dead-letters.md tells what to do when.
    """


@command.command()
@click.option(
    "--topic", "source", type=click.Choice(SOURCES), help="Topic that the records came from; both if not given."
)
@selecting
@click.option("--each", is_flag=True, help="One line a letter, not one a kind of trouble.")
@click.option("--all", "closed_too", is_flag=True, help="Closed letters as well, as long as Kafka keeps them.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a letter and line, for machines.")
def ls(*, source: str | None, each: bool, closed_too: bool, as_json: bool, **chosen: Any) -> None:
    """List the letters that wait, by what went wrong and where."""
    selection = selection_of(**chosen)
    topics = [source_topic(item) for item in ([source] if source else SOURCES)]
    found = {topic: _run(letters_of(KafkaConnection(), topic, selection, closed_too=closed_too)) for topic in topics}
    console = Console()
    if as_json:
        for topic, letters in found.items():
            for letter in letters:
                click.echo(json.dumps({"source_topic": topic, **letter_json(letter)}))
    elif not any(found.values()):
        click.echo("No letter waits." if selection.is_everything else "No such letter waits.")
    elif each:
        for topic, letters in found.items():
            if letters:
                console.print(f"[bold]{topic}.dlq[/]")
                console.print(letters_table(letters))
    else:
        groups = [group for topic, letters in found.items() for group in grouped(topic, letters)]
        console.print(groups_table(groups))


@command.command(short_help="Show one letter and its history.")
@click.argument("place", type=PLACE)
@topic_option
@click.option("--raw", is_flag=True, help="The value's bytes as they are, and nothing else.")
def show(place: Place, *, source: str, raw: bool) -> None:
    """Show the letter at PLACE, e.g. 3:41, and its history."""

    async def find() -> Letter:
        async with opened(KafkaConnection()) as consumer:
            return await letter_at(consumer, source_topic(source), place)

    letter = _run(find())
    if raw:
        sys.stdout.buffer.write(letter.value or b"")
    else:
        print_letter(Console(), letter)


@command.command()
@topic_option
@selecting
@click.option("--all", "everything", is_flag=True, help="All letters that wait.")
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), help="Letters a second, at most.")
@click.option("--limit", type=click.IntRange(min=1), help="Letters altogether, at most.")
@click.option("--max-replays", default=3, show_default=True, help="Leave letters that were put back so often.")
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
    """Put letters back on the topic that they came from, as they were.

    May be interrupted and run again at any time. A letter whose asset has a later record on the topic is closed
    instead: putting it back would make it the newest.
    """
    selection = selection_of(**chosen)
    demand_a_choice(selection, everything=everything, verb="put back")
    request = RedriveRequest(
        source_topic(source), selection, max_replays=max_replays, rate=rate, limit=limit, dry_run=dry_run
    )
    with RedriveBars() as bars:
        report = _run(redrive_letters(KafkaConnection(), request, bars))
    first, *others = summary(report, dry_run=dry_run)
    click.echo(first)
    for sentence in others:
        click.echo(sentence, err=True)


@command.command(short_help="Close letters for good without putting them back.")
@topic_option
@selecting
@click.option("--all", "everything", is_flag=True, help="All letters that wait.")
@click.option("--reason", required=True, help="Why; is logged with every letter.")
@click.option("--dry-run", is_flag=True, help="Only say how many.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def drop(*, source: str, everything: bool, reason: str, dry_run: bool, yes: bool, **chosen: Any) -> None:
    """Close letters for good without putting them back; each is logged on standard error, one JSON object a line."""
    selection = selection_of(**chosen)
    demand_a_choice(selection, everything=everything, verb="drop")
    topic = source_topic(source)
    count = _run(drop_letters(KafkaConnection(), topic, selection, lambda _: None, dry_run=True))
    if dry_run or not count:
        click.echo(f"{count} letters would be dropped" if dry_run else "No such letter waits.")
        return
    if not yes:
        click.confirm(f"Drop {count} letters of {topic}?", abort=True)
    log = structlog.wrap_logger(structlog.PrintLogger(sys.stderr), processors=_LOG_PROCESSORS)

    def note(letter: Letter) -> None:
        log.warning("letter.dropped", reason=reason, source_topic=topic, **letter_json(letter))

    click.echo(f"{_run(drop_letters(KafkaConnection(), topic, selection, note))} letters dropped")


_LOG_PROCESSORS: list[structlog.typing.Processor] = [
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.JSONRenderer(),
]


def _run(work: Coroutine[Any, Any, ResultT]) -> ResultT:
    # What the client logs comes again as our one sentence.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL + 1)
    try:
        return asyncio.run(work)
    except DeadLetterError as error:
        raise click.ClickException(str(error)) from error

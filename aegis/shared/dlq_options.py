"""The options that say which dead letters are meant."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from producer_tools.dead_letters.offsets import PartitionOffset, Span
    from producer_tools.dead_letters.selection import LetterFilter

CommandT = TypeVar("CommandT", bound=Callable[..., Any])

SOURCES = ("extracted", "tagged", "reviewed")
# The values of schemas.Stage, which takes long to import; a test holds them together.
STAGES = ("decode-event", "fetch", "decode-image", "embed", "score", "store", "process")


class _SpanType(click.ParamType["Span"]):
    name = "PARTITION:OFFSET"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Span:
        from producer_tools.dead_letters.offsets import Span, parse_span

        if isinstance(value, Span):
            return value
        try:
            return parse_span(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class _PlaceType(click.ParamType["PartitionOffset"]):
    name = "PARTITION:OFFSET"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> PartitionOffset:
        from producer_tools.dead_letters.offsets import PartitionOffset

        if isinstance(value, PartitionOffset):
            return value
        span = _SpanType().convert(value, param, ctx)
        if span.first != span.last:
            self.fail("name one dead letter, e.g. 3:41", param, ctx)
        return PartitionOffset(span.partition, span.first)


class _MomentType(click.ParamType[datetime]):
    name = "TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        from producer_tools.dead_letters.time_argument import parse_moment

        try:
            return parse_moment(str(value), datetime.now(UTC))
        except ValueError as error:
            self.fail(str(error), param, ctx)


PLACE = _PlaceType()

_OPTIONS = (
    click.option(
        "--class",
        "error_classes",
        multiple=True,
        metavar="NAME",
        help="Error class of the failure, as aegis dlq ls shows it.",
    ),
    click.option(
        "--stage",
        "stages",
        multiple=True,
        type=click.Choice(STAGES),
        help="Processing stage that the record failed in.",
    ),
    click.option(
        "--offset",
        "spans",
        multiple=True,
        type=_SpanType(),
        help="Partition and offset, or range of offsets, on the dead-letter topic: 3:41 or 3:41-59.",
    ),
    click.option("--asset", "asset_ids", multiple=True, metavar="ID", help="Asset id, which is the key of the record."),
    click.option(
        "--since",
        type=_MomentType(),
        help="Earliest time of the failure: an age such as 2h or 3d, or a time such as 2026-01-31T12:00 (UTC).",
    ),
    click.option("--until", type=_MomentType(), help="Time that the failure must precede, written as for --since."),
)


def selecting(command: CommandT) -> CommandT:
    """Add the options; the command gets them as keyword arguments for :func:`selection_of`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def selection_of(**chosen: Any) -> LetterFilter:
    from producer_tools.dead_letters.selection import LetterFilter

    return LetterFilter(
        error_classes=frozenset(chosen["error_classes"]),
        stages=frozenset(chosen["stages"]),
        spans=tuple(chosen["spans"]),
        asset_ids=frozenset(chosen["asset_ids"]),
        since=chosen["since"],
        until=chosen["until"],
    )


def demand_a_choice(selection: LetterFilter, *, everything: bool, verb: str) -> None:
    """Refuse to take an empty selection for everything, and everything together with a selection."""
    if selection.is_everything != everything:
        raise click.UsageError(
            f"say which dead letters to {verb}: --class, --stage, --offset, --asset, --since, --until, or --all of them"
            if selection.is_everything
            else "--all leaves nothing to select: use it alone"
        )


def topic_option(command: CommandT) -> CommandT:
    return click.option(
        "--topic",
        "source",
        type=click.Choice(SOURCES),
        default=SOURCES[0],
        show_default=True,
        help="Topic that the records failed on.",
    )(command)


def source_topic(source: str) -> str:
    from schemas.connections import TopicSettings

    topics = TopicSettings().topics
    return dict(zip(SOURCES, (topics.extracted, topics.tagged, topics.reviewed), strict=True))[source]

"""The options that say which dead letters are meant."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import click

from producer_tools.dead_letters.moments import parse_moment
from producer_tools.dead_letters.places import Place, Span, parse_span
from producer_tools.dead_letters.selection import Selection
from schemas import Stage
from schemas.connections import TopicSettings

CommandT = TypeVar("CommandT", bound=Callable[..., Any])

SOURCES = ("extracted", "tagged")


class _SpanType(click.ParamType[Span]):
    name = "PARTITION:OFFSET"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Span:
        if isinstance(value, Span):
            return value
        try:
            return parse_span(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class _PlaceType(click.ParamType[Place]):
    name = "PARTITION:OFFSET"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Place:
        if isinstance(value, Place):
            return value
        span = _SpanType().convert(value, param, ctx)
        if span.first != span.last:
            self.fail("name one letter, e.g. 3:41", param, ctx)
        return Place(span.partition, span.first)


class _MomentType(click.ParamType[datetime]):
    name = "MOMENT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            return parse_moment(str(value), datetime.now(UTC))
        except ValueError as error:
            self.fail(str(error), param, ctx)


PLACE = _PlaceType()

_OPTIONS = (
    click.option("--class", "error_classes", multiple=True, metavar="NAME", help="Error class, as ls shows it."),
    click.option("--stage", "stages", multiple=True, type=click.Choice([str(stage) for stage in Stage])),
    click.option(
        "--offset", "spans", multiple=True, type=_SpanType(), help="On the dead-letter topic: 3:41 or 3:41-59."
    ),
    click.option("--asset", "asset_ids", multiple=True, metavar="ID", help="Asset id, the record's key."),
    click.option("--since", type=_MomentType(), help="Dead since then: 2h, 3d, 2026-01-31T12:00 (UTC)."),
    click.option("--until", type=_MomentType(), help="Dead before then."),
)


def selecting(command: CommandT) -> CommandT:
    """Add the options; the command gets them as keyword arguments for :func:`selection_of`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def selection_of(**chosen: Any) -> Selection:
    return Selection(
        error_classes=frozenset(chosen["error_classes"]),
        stages=frozenset(chosen["stages"]),
        spans=tuple(chosen["spans"]),
        asset_ids=frozenset(chosen["asset_ids"]),
        since=chosen["since"],
        until=chosen["until"],
    )


def demand_a_choice(selection: Selection, *, everything: bool, verb: str) -> None:
    """Refuse to take an empty selection for everything, and everything together with a selection."""
    if selection.is_everything != everything:
        raise click.UsageError(
            f"say which letters to {verb}: --class, --stage, --offset, --asset, --since, --until, or --all of them"
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
        help="Topic that the records came from.",
    )(command)


def source_topic(source: str) -> str:
    topics = TopicSettings().topics
    return topics.extracted if source == SOURCES[0] else topics.tagged

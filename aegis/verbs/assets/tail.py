"""`aegis tail`: tags, what people say of them, and textures that are there twice, as they are published."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from aegis.shared.bundles import unknown_tags
from aegis.shared.errors import UserError
from aegis.shared.output import print_text
from aegis.shared.tables import colour, shown
from aegis.shared.verb import Verb

if TYPE_CHECKING:
    import asyncio

    from producer_tools.following.tag_stream import AssetRemoved, Followed, TagFilter
    from schemas import AssetRelated, AssetReviewed, AssetTagged


@click.command(
    "tail",
    cls=Verb,
    examples=(
        "aegis tail",
        "aegis tail --tag weapon --tag vehicle --min-confidence 0.7",
        "aegis tail --json | jq .tags",
    ),
)
@click.option(
    "--tag",
    "tags",
    multiple=True,
    metavar="TAG",
    help="Tag that an event must have; if repeated, one of them is enough.",
)
@click.option("--category", metavar="CATEGORY", help="Category that a tag of the event must be of.")
@click.option(
    "--min-confidence", type=click.FloatRange(0, 1), default=0.0, help="Minimum confidence of a matching tag."
)
@click.option("--from-beginning", is_flag=True, help="Start with the events that the topic holds already.")
@click.option(
    "--topic",
    metavar="TOPIC",
    help="Topic of tagged events to follow alone; asset-tagged, asset-reviewed and asset-related if not given.",
)
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print one JSON object per line: the event without embedding and pixel_evidence, or asset_id and removed.",
)
def command(
    *,
    tags: tuple[str, ...],
    category: str | None,
    min_confidence: float,
    from_beginning: bool,
    topic: str | None,
    as_json: bool,
) -> None:
    """Follow the published tags, what people say of them, and which textures are there twice, until Ctrl-C.

    It joins no consumer group, so it takes no events from anybody.
    """
    from aegis.shared.corpus_runs import run_until_signal
    from consumer.kafka.topics import TopicsError
    from producer_tools.following.tag_stream import TagFilter, TagStream
    from schemas.connections import KafkaConnection, TopicSettings

    if unknown := unknown_tags(tags):
        click.echo(f"Warning: {unknown}", err=True)
    wanted = TagFilter(frozenset(tags), category, min_confidence)
    topics = TopicSettings().topics
    followed = topic or topics.tagged
    reviewed, related = (None, None) if topic else (topics.reviewed, topics.related)

    async def follow(stop: asyncio.Event) -> None:
        async with TagStream(
            KafkaConnection(), followed, reviewed_topic=reviewed, related_topic=related, from_beginning=from_beginning
        ) as stream:
            if stream.unfollowed:
                click.echo(f"Warning: {stream.unfollowed}", err=True)
            click.echo(f"following {followed}; Ctrl-C ends it", err=True)
            async for event in stream.until(stop):
                _show(event, wanted, as_json=as_json)

    try:
        run_until_signal(follow)
    except TopicsError as error:
        raise UserError(str(error)) from error


def _show(event: Followed, wanted: TagFilter, *, as_json: bool) -> None:
    """Tell what is wanted; what has no tags only where all is."""
    from producer_tools.following.tag_stream import AssetRemoved
    from schemas import AssetRelated

    if isinstance(event, AssetRemoved):
        if wanted.wants_all:
            _tell_removed(event, as_json=as_json)
    elif isinstance(event, AssetRelated):
        # Most textures are there once, of which there is nothing to tell.
        if wanted.wants_all and event.related:
            _tell_related(event, as_json=as_json)
    elif wanted.wants(event):
        _tell(event, wanted, as_json=as_json)


def _tell(event: AssetTagged | AssetReviewed, wanted: TagFilter, *, as_json: bool) -> None:
    if as_json:
        click.echo(event.model_dump_json(exclude={"embedding", "pixel_evidence"}, exclude_none=True))
        return
    from rich.text import Text

    from schemas import AssetReviewed
    from schemas.tagged import in_reading_order

    asked = frozenset() if wanted.wants_all else frozenset(wanted.matching(event))
    line = Text.from_markup(f"[dim]{event.occurred_at:%H:%M:%S}[/]  {shown(event.asset_id)}")
    if isinstance(event, AssetReviewed):
        said = f"{event.verdict.tag} {event.verdict.word.value} by {event.by}"
        line.append_text(Text.from_markup(f"  [bold]{shown(said)}[/]"))
    for tag in in_reading_order(event.tags):
        line.append("  ")
        line.append(tag.tag, style="bold" if tag in asked else "")
        line.append(f"·{tag.confidence:.2f}", style=colour(tag.confidence))
    if not event.tags:
        line.append("  no tag was found", style="dim")
    print_text(line)


def _tell_related(event: AssetRelated, *, as_json: bool) -> None:
    if as_json:
        click.echo(event.model_dump_json(exclude_none=True))
        return
    for other in event.related:
        one, two = (event.asset_id, other.asset_id) if other.said_of == "this" else (other.asset_id, event.asset_id)
        print_text(
            f"[dim]{event.occurred_at:%H:%M:%S}[/]  {shown(one)}  [bold]{shown(other.relation)}[/]  {shown(two)}"
        )


def _tell_removed(event: AssetRemoved, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"asset_id": event.asset_id, "removed": True}, ensure_ascii=False))
        return
    print_text(f"[dim]removed[/]   {shown(event.asset_id)}")

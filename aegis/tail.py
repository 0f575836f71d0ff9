"""`aegis tail`: what is tagged, as it comes."""

from __future__ import annotations

import asyncio
import json

import click
from rich.console import Console
from rich.text import Text

from aegis.errors import UserError
from aegis.reading import colour, shown
from aegis.runs import run_until_signal
from producer_tools.tag_stream import AssetRemoved, TagFilter, TagStream
from producer_tools.topics import TopicsError
from schemas import AssetTagged
from schemas.connections import KafkaConnection, TopicSettings


@click.command("tail")
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="Only events with this tag, or with one of several.")
@click.option("--category", metavar="CATEGORY", help="Only events with a tag of this category.")
@click.option(
    "--min-confidence", type=click.FloatRange(0, 1), default=0.0, help="Only events with such a tag of so much."
)
@click.option("--from-beginning", is_flag=True, help="Show what the topic holds already, too.")
@click.option("--topic", metavar="TOPIC", help="Another topic than asset-tagged.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, without embedding and pixel evidence.")
def command(
    *,
    tags: tuple[str, ...],
    category: str | None,
    min_confidence: float,
    from_beginning: bool,
    topic: str | None,
    as_json: bool,
) -> None:
    """Follow the tag events live, until Ctrl-C; it joins no group, so nothing is taken from anybody."""
    wanted = TagFilter(frozenset(tags), category, min_confidence)
    followed = topic or TopicSettings().topics.tagged

    async def follow(stop: asyncio.Event) -> None:
        async with TagStream(KafkaConnection(), followed, from_beginning=from_beginning) as stream:
            click.echo(f"following {followed}; Ctrl-C ends it", err=True)
            async for event in stream.until(stop):
                if isinstance(event, AssetRemoved):
                    if wanted.wants_all:
                        _tell_removed(event, as_json=as_json)
                elif wanted.wants_all or wanted.matching(event):
                    _tell(event, wanted, as_json=as_json)

    try:
        run_until_signal(follow)
    except TopicsError as error:
        raise UserError(str(error)) from error


def _tell(event: AssetTagged, wanted: TagFilter, *, as_json: bool) -> None:
    if as_json:
        click.echo(event.model_dump_json(exclude={"embedding", "pixel_evidence"}, exclude_none=True))
        return
    asked = frozenset() if wanted.wants_all else frozenset(wanted.matching(event))
    line = Text.from_markup(f"[dim]{event.occurred_at:%H:%M:%S}[/]  {shown(event.asset_id)}")
    for tag in event.tags:
        line.append("  ")
        line.append(tag.tag, style="bold" if tag in asked else "")
        line.append(f"·{tag.confidence:.2f}", style=colour(tag.confidence))
    if not event.tags:
        line.append("  nothing was found", style="dim")
    Console(highlight=False, soft_wrap=True).print(line)


def _tell_removed(event: AssetRemoved, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"asset_id": event.asset_id, "removed": True}, ensure_ascii=False))
        return
    Console(highlight=False, soft_wrap=True).print(f"[dim]removed[/]   {shown(event.asset_id)}")

"""`aegis search`: assets by their tags, by their ids, or by what they look like."""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from aegis.errors import UserError
from aegis.likeness import search_likeness
from aegis.reading import read, shown, tag_json, tags_line
from consumer.storage.reads import Match, Page, TagQuery


@click.command("search")
@click.argument("words", required=False)
@click.option(
    "--like",
    "picture",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A texture to find the like of.",
)
@click.option("--tag", "tags", multiple=True, help="A tag the asset must have; give it again for more.")
@click.option("--category", help="Only tags of this category, e.g. materials.")
@click.option("--min-confidence", type=click.FloatRange(0, 1), default=0.5, show_default=True)
@click.option("--text", help="A part of the asset's id, in any case.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@click.option("--after", metavar="PAGE", help="The page that an earlier search named at its end.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for machines.")
def command(
    words: str | None,
    *,
    picture: Path | None,
    tags: tuple[str, ...],
    category: str | None,
    min_confidence: float,
    text: str | None,
    limit: int,
    after: str | None,
    as_json: bool,
) -> None:
    """Find assets by their tags, surest first, e.g. aegis search --tag weapon --min-confidence 0.6.

    With WORDS ("rusty sci-fi door") or --like FILE, find what looks so, most alike first.
    """
    if words or picture:
        if (words and picture) or tags or category or text or after:
            raise UserError("WORDS and --like stand alone: look for likeness, or for tags and ids")
        search_likeness(picture=picture, words=words, limit=limit, as_json=as_json)
        return
    if not (tags or category or text):
        raise UserError('say what to look for: --tag, --category, --text, --like FILE, or words as in "rusty door"')
    query = TagQuery(tags, category, min_confidence, text, limit, _page(after))
    matches = read(lambda reader: reader.search(query))
    if as_json:
        for match in matches:
            click.echo(json.dumps(_as_json(match), ensure_ascii=False))
        return
    if not matches:
        raise click.ClickException(f"no asset matches{_hint(query)}")
    _print(matches, query, Console())


def _print(matches: list[Match], query: TagQuery, console: Console) -> None:
    table = Table(box=None, header_style="dim")
    table.add_column("asset", overflow="fold")
    table.add_column("size", justify="right", no_wrap=True)
    table.add_column("tags", overflow="fold")
    for match in matches:
        asset = match.asset
        table.add_row(shown(asset.asset_id), f"{asset.width}x{asset.height}", tags_line(asset.tags, query.tags))
    console.print(table)
    if len(matches) == query.limit:
        last = matches[-1].page
        console.print(f"[dim]more: --after[/] {last.confidence!r}:", shown(last.asset_id), sep="", highlight=False)


def _hint(query: TagQuery) -> str:
    if query.after is not None:
        return " beyond that page"
    return f" at confidence {query.min_confidence:g} or more: lower --min-confidence" if query.min_confidence else ""


def _page(text: str | None) -> Page | None:
    if text is None:
        return None
    confidence, found, asset_id = text.partition(":")
    try:
        return Page(float(confidence), asset_id) if found else _no_page(text)
    except ValueError:
        return _no_page(text)


def _no_page(text: str) -> Page:
    raise UserError(f"--after {text!r} is not a page: copy it from the end of the search before")


def _as_json(match: Match) -> dict[str, object]:
    asset = match.asset
    return {
        "asset_id": asset.asset_id,
        "confidence": round(match.confidence, 6),
        "object": f"s3://{asset.bucket}/{asset.object_key}",
        "width": asset.width,
        "height": asset.height,
        "tags": [tag_json(tag) for tag in asset.tags],
    }

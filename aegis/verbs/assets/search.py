"""`aegis search`: assets by words, by likeness, by their tags, and by filters."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from aegis.shared.assets.filters import asset_options, finding_names, tag_options
from aegis.shared.bundles import unknown_tags
from aegis.shared.errors import UserError
from aegis.shared.output import print_json_lines, print_table
from aegis.shared.tables import read, shown, tag_json, tags_line
from aegis.shared.verb import Verb, json_lines

if TYPE_CHECKING:
    from consumer.storage.tables.reads import Match
    from consumer.storage.tables.search.tag_query import Page, TagQuery

FIELDS = ("asset_id", "confidence", "object", "width", "height", "findings", "tags")


@click.command(
    "search",
    cls=Verb,
    examples=(
        'aegis search "rusty sci-fi door"',
        "aegis search sword --folder ui/icons --min-side 64",
        "aegis search --tag weapon --min-confidence 0.6",
        "aegis search --like sword.png --limit 5",
        "aegis search --said rejected --json",
        "aegis search --finding normal-directx --game mygame",
    ),
)
@click.argument("words", required=False, help="Words for what to find: of its name, its tags, or its looks.")
@click.option("--like", metavar="FILE|ASSET_ID", help="Image, or stored asset, whose most similar textures to find.")
@tag_options(0.5, "Minimum confidence of a tag that is asked for.")
@click.option("--text", help="Part of the asset id, in upper or lower case.")
@asset_options(
    "Name or id of what must be wrong with it (docs/findings.md), e.g. normal-directx; if repeated, all of them."
)
@click.option(
    "--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="Maximum number of assets to show."
)
@click.option("--after", metavar="PAGE", help="Page to continue from, as the previous search printed it at its end.")
@json_lines((*FIELDS, "with evidences and similarity in place of confidence when searching by WORDS or --like"))
def command(
    words: str | None,
    *,
    like: str | None,
    tags: tuple[str, ...],
    category: str | None,
    min_confidence: float,
    text: str | None,
    limit: int,
    after: str | None,
    as_json: bool,
    findings: tuple[str, ...],
    **filters: Any,
) -> None:
    """Find assets by words, by likeness, or by their tags alone; filters narrow all of these down.

    WORDS are looked for in names and paths, in tags and their synonyms, and in what the textures look like; what is
    called so comes first. With --tag or --category alone the most confident comes first, with other filters alone
    assets come in the order of their ids.
    """
    from consumer.storage.tables.search.filters import SearchFilter
    from consumer.storage.tables.search.tag_query import TagQuery

    where = SearchFilter(min_confidence=min_confidence, findings=finding_names(findings), **filters)
    if words or like:
        if text:
            raise UserError("--text stands alone: WORDS look into names, too")
        from aegis.shared.assets.searching import find

        asked = replace(where, tags=tags, category=category)
        find(words, like, asked, limit=limit, after=after, as_json=as_json)
        return
    if not (tags or category or text) and where.is_empty:
        raise UserError('say what to look for: words as in "rusty door", --like FILE, --tag, --category, --text, …')
    query = TagQuery(tags, category, min_confidence, text, limit, _page(after), where)
    matches = read(lambda reader: reader.search(query))
    if as_json:
        print_json_lines(map(_as_json, matches))
        return
    if not matches:
        raise click.ClickException("; ".join(filter(None, (f"no asset matches{_hint(query)}", unknown_tags(tags)))))
    _print(matches, query)


def _print(matches: list[Match], query: TagQuery) -> None:
    print_table(
        ("asset", "size", "tags"),
        ((shown(match.asset.asset_id), _size(match), tags_line(match.asset.tags, query.tags)) for match in matches),
        right={"size"},
        fold={"asset", "tags"},
    )
    if len(matches) == query.limit:
        last = matches[-1].page
        # Not on stdout, whose lines are assets.
        click.echo(f"more: --after {last.confidence!r}:{last.asset_id}", err=True)


def _size(match: Match) -> str:
    return f"{match.asset.width}x{match.asset.height}"


def _hint(query: TagQuery) -> str:
    if query.after is not None:
        return " beyond that page"
    return f" at confidence {query.min_confidence:g} or more: lower --min-confidence" if query.min_confidence else ""


def _page(text: str | None) -> Page | None:
    from consumer.storage.tables.search.tag_query import Page

    if text is None:
        return None
    confidence, found, asset_id = text.partition(":")
    try:
        if found:
            return Page(float(confidence), asset_id)
    except ValueError:
        pass
    raise UserError(f"--after {text!r} is not a page: copy it from the end of the previous search")


def _as_json(match: Match) -> dict[str, object]:
    asset = match.asset
    return {
        "asset_id": asset.asset_id,
        "confidence": round(match.confidence, 6),
        "object": f"s3://{asset.bucket}/{asset.object_key}",
        "width": asset.width,
        "height": asset.height,
        "findings": asset.findings,
        "tags": [tag_json(tag) for tag in asset.tags],
    }

"""`aegis verdicts`: who said what of which tag, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from aegis.shared.errors import UserError
from aegis.shared.output import print_json_lines, print_table
from aegis.shared.tables import read, shown
from aegis.shared.verb import Verb, json_lines

if TYPE_CHECKING:
    from consumer.storage.tables.verdict_reads import HistoryPage, PastVerdict

FIELDS = ("event_id", "asset_id", "category", "tag", "word", "by", "decided_at")


@click.command(
    "verdicts",
    cls=Verb,
    examples=("aegis verdicts", "aegis verdicts mygame/sword.png", "aegis verdicts --by anna --json | jq .tag"),
)
@click.argument("asset_id", required=False, help="Id of an asset, to see its verdicts alone.")
@click.option("--by", metavar="NAME", help="Name of the reviewer.")
@click.option(
    "--limit", type=click.IntRange(1, 1000), default=100, show_default=True, help="Maximum number of verdicts to show."
)
@click.option("--after", metavar="PAGE", help="Page to continue from, as the previous one printed it at its end.")
@json_lines(FIELDS)
def command(asset_id: str | None, *, by: str | None, limit: int, after: str | None, as_json: bool) -> None:
    """Show what people said of tags, newest first: every word, also those that were replaced or withdrawn since."""
    from consumer.storage.tables.verdict_reads import HistoryQuery, history

    query = HistoryQuery(asset_id, by, limit, _page(after))
    found = read(lambda reader: history(reader, query))
    if as_json:
        print_json_lines(map(_as_json, found))
        return
    print_table(
        ("when", "who", "word", "tag", "category", "asset"),
        (
            (
                f"{past.decided_at:%Y-%m-%d %H:%M:%S}",
                shown(past.decided_by),
                past.word,
                shown(past.tag),
                shown(past.category),
                shown(past.asset_id),
            )
            for past in found
        ),
        fold={"asset"},
    )
    if len(found) == limit:
        # Not on stdout, whose lines are verdicts.
        click.echo(f"more: --after {found[-1].page}", err=True)


def _page(text: str | None) -> HistoryPage | None:
    from consumer.storage.tables.verdict_reads import HistoryPage

    try:
        return None if text is None else HistoryPage.parse(text)
    except ValueError as error:
        raise UserError(f"--after {text!r} is not a page: copy it from the end of the previous one") from error


def _as_json(past: PastVerdict) -> dict[str, object]:
    return {
        "event_id": past.event_id,
        "asset_id": past.asset_id,
        "category": past.category,
        "tag": past.tag,
        "word": past.word,
        "by": past.decided_by,
        "decided_at": past.decided_at,
    }

"""`aegis duplicates`: textures that are there twice, and how one was made from the other."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aegis.shared.output import print_json_lines, print_table
from aegis.shared.tables import read, shown
from aegis.shared.verb import Verb, json_lines

if TYPE_CHECKING:
    from aegis.views.duplicates import Side
    from consumer.reviewing.desk import ReviewDesk
    from consumer.searching.duplicates import Duplicate
    from consumer.storage.tables.reads import TagReader
    from consumer.storage.tables.search.filters import SearchFilter

FIELDS = ("asset_id", "other", "relation", "bytes_saved")
_MIB = 1024 * 1024
_WAIT_SECONDS = 10.0


@click.command(
    "duplicates",
    cls=Verb,
    examples=(
        "aegis duplicates --game mygame",
        "aegis duplicates --folder ui --json | jq 'select(.relation == \"resized\")'",
        "aegis duplicates --html duplicates.html",
        "aegis duplicates --reject mygame/wall.png mygame/wall_dark.png",
    ),
)
@click.option("--folder", help="Folder, or several in a row, that both assets' paths must have.")
@click.option("--game", help="Game that both assets are of.")
@click.option(
    "--limit", type=click.IntRange(1), default=1000, show_default=True, help="Maximum number of pairs to show."
)
@click.option(
    "--html",
    "page",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="File to write the pairs to as a page with pictures.",
)
@click.option("--reject", nargs=2, metavar="ASSET OTHER", help="Record that two assets are no duplicates, and end.")
@click.option("--withdraw", nargs=2, metavar="ASSET OTHER", help="Take back what was recorded of two assets, and end.")
@click.option("--by", default=getpass.getuser, show_default="your login", help="Name of who says it.")
@json_lines(FIELDS)
def command(
    folder: str | None,
    game: str | None,
    *,
    limit: int,
    page: Path | None,
    reject: tuple[str, str] | None,
    withdraw: tuple[str, str] | None,
    by: str,
    as_json: bool,
) -> None:
    """List textures that are there twice, those that save most first.

    Equal contents are told by their hash. Other pairs are those that look alike, and whose pixels say that one is the
    other resized, a level of its mip chain, recompressed, cropped, padded, with another alpha channel, flipped, rotated
    or recoloured. A pair that a person rejects is not listed again.
    """
    from consumer.storage.tables.search.filters import SearchFilter

    if reject or withdraw:
        if reject and withdraw:
            raise click.UsageError("say one thing at a time: --reject or --withdraw")
        _say(*(reject or withdraw or ("", "")), word="rejected" if reject else "withdrawn", by=by)
        return
    found, sides = _find(SearchFilter(folder=folder, game=game), limit, with_pictures=page is not None)
    some = found[:limit]
    if page is not None:
        from aegis.views.duplicates import duplicates_page

        page.write_text(duplicates_page(some, found, sides), encoding="utf-8")
        click.echo(f"wrote {page}", err=True)
    if as_json:
        print_json_lines({name: getattr(pair, name) for name in FIELDS} for pair in some)
        return
    print_table(
        ("asset", "is", "of", "saves"),
        (
            (shown(pair.asset_id), pair.relation.value, shown(pair.other), f"{pair.bytes_saved / _MIB:.2f} MiB")
            for pair in some
        ),
        right={"saves"},
        fold={"asset", "of"},
    )
    saved = sum(pair.bytes_saved for pair in found) / _MIB
    more = f", {len(found) - len(some)} of them not shown" if len(found) > len(some) else ""
    # Not on stdout, whose lines are pairs.
    click.echo(f"{len(found)} pairs{more}: {saved:.2f} MiB of files", err=True)


def _find(where: SearchFilter, limit: int, *, with_pictures: bool) -> tuple[list[Duplicate], dict[str, Side]]:
    """Return all pairs, those first that save most, and the assets of the first ``limit`` with their pictures."""
    import asyncio

    from consumer.searching.duplicates import Duplicates
    from consumer.storage.errors import StoreError
    from consumer.storage.objects import ObjectStore
    from schemas.connections import ObjectStoreConnection

    async def work(reader: TagReader) -> tuple[list[Duplicate], dict[str, Side]]:
        async with ObjectStore(ObjectStoreConnection()) as store:
            duplicates = Duplicates(reader, store)
            found = [pair async for pair in duplicates(where)]
            found.sort(key=lambda pair: (-pair.bytes_saved, pair.asset_id, pair.other))
            sides: dict[str, Side] = {}
            if with_pictures:
                from aegis.views.duplicates import side

                for asset_id in sorted({name for pair in found[:limit] for name in (pair.asset_id, pair.other)}):
                    sides[asset_id] = await asyncio.to_thread(side, asset_id, await duplicates.picture(asset_id))
            return found, sides

    try:
        return read(work)
    except StoreError as error:
        raise click.ClickException(str(error)) from error


def _say(one: str, other: str, *, word: str, by: str) -> None:
    from aegis.shared.assets.reviewing import NOT_STORED_YET, at_desk
    from consumer.reviewing.pairs import said_of_pair
    from schemas import Word

    async def save(desk: ReviewDesk, reader: TagReader) -> bool:
        said = await said_of_pair(reader, one, other, Word(word), by=by)
        await desk.record([said])
        return await desk.stored([said.event_id], timeout_seconds=_WAIT_SECONDS)

    is_stored = at_desk(save)
    is_now = "are no duplicates" if word == "rejected" else "may be duplicates again"
    click.echo(f"{one} and {other} {is_now}, says {by}")
    if not is_stored:
        click.echo(NOT_STORED_YET, err=True)

"""`aegis duplicates`: textures that are there twice, and how one was made from the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from aegis.shared.output import print_json_lines, print_table
from aegis.shared.tables import read, shown
from aegis.shared.verb import Verb, json_lines

if TYPE_CHECKING:
    from consumer.searching.duplicates import Duplicate
    from consumer.storage.tables.reads import TagReader

FIELDS = ("asset_id", "other", "relation", "bytes_saved")
_MIB = 1024 * 1024


@click.command(
    "duplicates",
    cls=Verb,
    examples=(
        "aegis duplicates --game mygame",
        "aegis duplicates --folder ui --json | jq 'select(.relation == \"resized\")'",
    ),
)
@click.option("--folder", help="Folder, or several in a row, that both assets' paths must have.")
@click.option("--game", help="Game that both assets are of.")
@click.option(
    "--limit", type=click.IntRange(1), default=1000, show_default=True, help="Maximum number of pairs to show."
)
@json_lines(FIELDS)
def command(folder: str | None, game: str | None, *, limit: int, as_json: bool) -> None:
    """List textures that are there twice, those that save most first.

    Equal contents are told by their hash. Other pairs are those that look alike to the model, and whose pixels say that
    one is the other resized, a level of its mip chain, recompressed, cropped, padded, with another alpha channel,
    flipped, rotated or recoloured. Reads the tables and the object store, and changes nothing.
    """
    from consumer.searching.duplicates import Duplicates
    from consumer.storage.errors import StoreError
    from consumer.storage.objects import ObjectStore
    from consumer.storage.tables.search.filters import SearchFilter
    from schemas.connections import ObjectStoreConnection

    async def find(reader: TagReader) -> list[Duplicate]:
        async with ObjectStore(ObjectStoreConnection()) as store:
            return [found async for found in Duplicates(reader, store)(SearchFilter(folder=folder, game=game))]

    try:
        found = read(find)
    except StoreError as error:
        raise click.ClickException(str(error)) from error
    found.sort(key=lambda pair: (-pair.bytes_saved, pair.asset_id, pair.other))
    some = found[:limit]
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

"""`aegis remove`: take assets out of topics and tables."""

from __future__ import annotations

import sys

import click

from aegis.shared.errors import UserError
from aegis.shared.verb import Verb


@click.command(
    "remove",
    cls=Verb,
    examples=(
        "aegis remove mygame/old/sword.png",
        "aegis search --folder old --json | jq -r .asset_id | aegis remove -",
    ),
)
@click.argument("asset_ids", nargs=-1, required=True, help="Ids of assets; - reads them from standard input.")
@click.option("--force", is_flag=True, help="Remove ids that the tables do not have, too: tagged perhaps, not stored.")
@click.option(
    "--wait",
    "wait_seconds",
    type=click.FloatRange(0, 600),
    default=10.0,
    show_default=True,
    help="Seconds to wait until the tables no longer have them.",
)
def command(asset_ids: tuple[str, ...], *, force: bool, wait_seconds: float) -> None:
    """Remove assets: their tags leave the topics and the tables.

    A removal is a record without a value on asset-extracted, which the tagger passes on and every subscriber sees. The
    image stays in the object store, where equal textures share it, and what people said stays: an asset that is
    extracted again has it.
    """
    from aegis.shared.assets.removing import remove_assets

    from_stdin = asset_ids == ("-",)
    named = [line.strip() for line in sys.stdin] if from_stdin else list(asset_ids)
    wanted = list(dict.fromkeys(filter(None, named)))
    if not wanted:
        raise UserError("no asset id was given")
    are_gone = remove_assets(wanted, force=force, wait_seconds=wait_seconds)
    click.echo(f"{len(wanted)} assets removed" if len(wanted) > 1 else f"{wanted[0]} removed")
    if not are_gone and wait_seconds:
        click.echo("the tables still have them: see that a tagger and a sink run (aegis run tagger, sink)", err=True)

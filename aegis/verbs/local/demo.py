"""`aegis demo`: the whole pipeline on this machine, from textures in game files to rows in PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import click

from aegis.shared.checkout import SAMPLES
from aegis.shared.errors import UserError
from aegis.shared.verb import Verb


@click.command(
    "demo", cls=Verb, examples=("aegis demo", "aegis demo ./textures --wait 300", "aegis demo --json | jq .tags")
)
@click.argument(
    "paths",
    nargs=-1,
    type=click.Path(exists=True, path_type=Path),
    help="Game files, folders or images; samples/ if not given.",
)
@click.option(
    "--wait",
    "wait_seconds",
    default=120.0,
    show_default=True,
    help="Seconds to wait for all tags, and again for all rows.",
)
@click.option("--picture", type=click.Path(path_type=Path), help="SVG file to write the output to as a picture.")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print one JSON object per texture and line: asset_id, file, width, height, state, tags and where it is from.",
)
def command(paths: tuple[Path, ...], *, wait_seconds: float, picture: Path | None, as_json: bool) -> None:
    """Start Kafka, PostgreSQL, S3, a tagger and a sink; extract, tag and store textures, and show their tags.

    Kafka, PostgreSQL, S3 and a gateway continue to run, and the page of the gateway shows the textures: `aegis stack
    down` stops them, `aegis stack reset` removes them.
    """
    if not paths and not SAMPLES.is_dir():
        raise UserError("there is no samples/ folder beside the program; name textures: aegis demo PATH…")
    from aegis.verbs.local.demo_run import run_demo

    if not run_demo(paths or (SAMPLES,), wait_seconds, picture, as_json=as_json):
        raise SystemExit(1)

"""`aegis init`: give a folder of textures a name that its ids begin with."""

from __future__ import annotations

from pathlib import Path

import click

from aegis.shared.errors import UserError
from aegis.shared.verb import Verb


@click.command("init", cls=Verb, examples=("aegis init ./textures", "aegis init ./textures --name mygame"))
@click.argument(
    "folder",
    default=Path(),
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder that holds the textures; this one if not given.",
)
@click.option("--name", help="Name that all ids begin with; the folder's own if not given.")
def command(folder: Path, name: str | None) -> None:
    """Make a folder a project: write aegis.yaml, whose name the ids of its textures begin with.

    aegis tag gives the texture Items/sword.png of the project mygame the id mygame/Items/sword.png, wherever the
    folder lies, so that two folders named textures do not share ids.
    """
    from producer_tools.errors import InputError
    from producer_tools.project import init_project

    chosen = name or folder.resolve().name
    try:
        path = init_project(folder, chosen)
    except InputError as error:
        raise UserError(str(error)) from error
    click.echo(f"{path}: ids begin with {chosen}/; aegis tag {folder} sends the textures")

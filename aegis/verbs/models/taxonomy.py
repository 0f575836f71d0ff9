"""`aegis taxonomy`: the vocabulary of the tags."""

from __future__ import annotations

from pathlib import Path

import click

from aegis.shared.bundles import told
from aegis.shared.verb import VerbGroup

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group("taxonomy", cls=VerbGroup)
def command() -> None:
    """Check and compile the vocabulary of the tags."""


@command.command(examples=("aegis taxonomy check new.yaml",))
@click.argument("file", type=_FILE, required=False, help="Taxonomy file; the one of aegis-mini if not given.")
def check(file: Path | None) -> None:
    """Validate a taxonomy file; exit 2 with one sentence if it is wrong."""
    from consumer.tagging.bundle.bundle import TAXONOMY, default_bundle_path
    from consumer.tagging.bundle.taxonomy import load_taxonomy

    file = file or default_bundle_path() / TAXONOMY
    with told():
        taxonomy = load_taxonomy(file)
    tags = sum(len(category.tags) for category in taxonomy.categories.values())
    click.echo(f"{file}: {len(taxonomy.categories)} categories, {tags} tags, {taxonomy.digest}")


@command.command("compile", examples=("aegis taxonomy compile ./next --file new.yaml",))
@click.argument("bundle", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder of the bundle.")
@click.option("--file", type=_FILE, help="Taxonomy to put into the bundle; the bundle's own if not given.")
def compile_(bundle: Path, file: Path | None) -> None:
    """Compute the embeddings of the prompts with the text tower of the bundle; takes seconds, and no torch."""
    from export.bundles.compile import compile_taxonomy

    with told():
        taxonomy = compile_taxonomy(bundle, file)
    click.echo(f"{bundle}: {taxonomy.id} {taxonomy.version} compiled, {taxonomy.digest}")

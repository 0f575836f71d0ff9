"""`aegis taxonomy`: the vocabulary of the tags."""

from __future__ import annotations

from pathlib import Path

import click

from aegis.bundles import told
from consumer.tagging.bundle import TAXONOMY, default_bundle_path
from consumer.tagging.taxonomy import load_taxonomy

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group("taxonomy")
def command() -> None:
    """Check and compile the vocabulary of the tags."""


@command.command()
@click.argument("file", type=_FILE, default=lambda: default_bundle_path() / TAXONOMY)
def check(file: Path) -> None:
    """Validate a taxonomy file; exit 2 with one sentence where it is wrong."""
    with told():
        taxonomy = load_taxonomy(file)
    tags = sum(len(category.tags) for category in taxonomy.categories.values())
    click.echo(f"{file}: {len(taxonomy.categories)} categories, {tags} tags, {taxonomy.digest}")


@command.command("compile")
@click.argument("bundle", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--file", type=_FILE, help="Taxonomy to put into the bundle; without it the bundle's own is compiled.")
def compile_(bundle: Path, file: Path | None) -> None:
    """Turn the prompts into vectors with the text tower of BUNDLE: seconds, no torch."""
    from export.compile import compile_taxonomy  # noqa: PLC0415 - loads onnxruntime

    with told():
        taxonomy = compile_taxonomy(bundle, file)
    click.echo(f"{bundle}: {taxonomy.id} {taxonomy.version} compiled, {taxonomy.digest}")

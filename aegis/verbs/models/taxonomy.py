"""`aegis taxonomy`: the vocabulary of the tags."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from aegis.shared.bundles import opened, told
from aegis.shared.output import print_json_lines, print_table
from aegis.shared.verb import VerbGroup, json_lines

if TYPE_CHECKING:
    from consumer.tagging.bundle.bundle import Bundle

_FILE = click.Path(dir_okay=False, path_type=Path)
_FIELDS: Final = ("category", "tag", "from", "state", "prompts")
_OVERLAY = click.option(
    "--overlay",
    type=_FILE,
    help="File of your own tags; AEGIS_MODEL_OVERLAY if not given, and else aegis-taxonomy.yaml in this folder.",
)


@click.group("taxonomy", cls=VerbGroup)
def command() -> None:
    """List, extend, check and compile the vocabulary of the tags."""


@command.command("list", examples=("aegis taxonomy list --own", "aegis taxonomy list --category object_types --json"))
@click.option("--category", help="Category to list; all if not given.")
@click.option("--own", is_flag=True, help="List the tags of your own alone.")
@json_lines(_FIELDS)
def list_(category: str | None, *, own: bool, as_json: bool) -> None:
    """List the tags of the bundle that AEGIS_MODEL_BUNDLE names, and those that AEGIS_MODEL_OVERLAY lays over it."""
    with told():
        bundle = opened(None)
    records = [
        record
        for record in _records(bundle)
        if category in {None, record["category"]} and (not own or record["from"] == "overlay")
    ]
    if as_json:
        print_json_lines(records)
        return
    print_table(
        ("category", "tag", "from", "state", "prompts"),
        ([*(record[name] for name in _FIELDS[:-1]), ", ".join(record["prompts"])] for record in records),
        fold={"prompts"},
    )


@command.command(
    examples=('aegis taxonomy add potion --category object_types --prompt "a potion" --prompt "a flask of liquid"',)
)
@click.argument("tag", help="Name of the new tag: lower-case letters, digits and underscores.")
@click.option("--category", required=True, help="Category that it belongs to, of those that the bundle has.")
@click.option("--prompt", "prompts", multiple=True, required=True, help="What a texture of it shows; repeatable.")
@click.option("--name", "names", multiple=True, help="Word in names of files and folders that means it; repeatable.")
@click.option("--synonym", "synonyms", multiple=True, help="Other word that people search it by; repeatable.")
@_OVERLAY
def add(
    tag: str,
    *,
    category: str,
    prompts: tuple[str, ...],
    names: tuple[str, ...],
    synonyms: tuple[str, ...],
    overlay: Path | None,
) -> None:
    """Add a tag of your own, in a file beside the bundle; the bundle stays as it is.

    Tagger, gateway, retag, search and aegis model know the tag where AEGIS_MODEL_OVERLAY names the file. People can
    say it at once; events carry it when labels or verdicts have taught the model what it looks like.
    """
    from aegis.shared.models.own_tags import add_tag

    described: dict[str, Any] = {"prompts": prompts, "names": names, "synonyms": synonyms}
    for sentence in add_tag(overlay, category, tag, described):
        click.echo(sentence)


@command.command(examples=("aegis taxonomy remove potion",))
@click.argument("tag", help="Name of the tag.")
@click.option("--category", help="Category that it belongs to; needed where two have such a tag of yours.")
@_OVERLAY
def remove(tag: str, category: str | None, overlay: Path | None) -> None:
    """Take a tag of your own out of the file again; what people said of it stays."""
    from aegis.shared.models.own_tags import remove_tag

    click.echo(remove_tag(overlay, category, tag))


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


def _records(bundle: Bundle) -> Iterator[dict[str, Any]]:
    for category, spec in bundle.vocabulary.categories.items():
        for tag, described in spec.tags.items():
            key = category, tag
            yield {
                "category": category,
                "tag": spec.shown_name(tag),
                "from": "overlay" if key in bundle.own else "bundle",
                "state": "off" if described.off else "silent" if key in bundle.silent else "heard",
                "prompts": list(described.prompts),
            }

"""`aegis tags`: what is known of one asset."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from aegis.shared.output import is_terminal, print_facts, print_table
from aegis.shared.tables import TAG_FIELDS, bar, read, said_by, shown, tag_json
from aegis.shared.verb import Verb

if TYPE_CHECKING:
    from consumer.storage.tables.reads import AssetDetail


@click.command(
    "tags",
    cls=Verb,
    examples=("aegis tags mygame/textures/sword.png", "aegis tags mygame/textures/sword.png --json | jq '.tags[].tag'"),
)
@click.argument("asset_id", help="Id of the asset; aegis search --text finds it.")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help=f"Print one JSON object: the asset's columns in the table assets, and tags with {', '.join(TAG_FIELDS)}.",
)
def command(asset_id: str, as_json: bool) -> None:
    """Show the tags of an asset, what it shows first, and the source of each."""
    detail = read(lambda reader: reader.asset(asset_id))
    if detail is None:
        raise click.ClickException(
            f"no asset {asset_id!r} is stored: it was not tagged yet, or was removed; aegis search --text finds ids"
        )
    if as_json:
        fields = {**detail.fields, "tags": [tag_json(tag) for tag in detail.tags]}
        click.echo(json.dumps(fields, default=str, ensure_ascii=False, indent=2))
        return
    _print(detail)


def _print(detail: AssetDetail) -> None:
    fields = detail.fields
    trust = (
        "" if fields["calibrated"] else " [yellow](uncalibrated: confidences order tags, but are no probabilities)[/]"
    )
    source = " · ".join(str(value) for value in (fields["source"] or {}).values())
    facts = {
        "asset": f"[bold]{shown(fields['asset_id'])}[/]",
        "image": f"{fields['width']}x{fields['height']} {shown(fields['mode'])}",
        "object": shown(f"s3://{fields['bucket']}/{fields['object_key']}"),
        "source": shown(source),
        "model": f"{shown(fields['model_id'])} {fields['model_precision']}{trust}",
        "tagged": f"{fields['tagged_at']:%Y-%m-%d %H:%M:%S} UTC",
    }
    print_facts((name, value) for name, value in facts.items() if value)
    if replaced := (fields["source"] or {}).get("replaced"):
        click.echo(
            f"this id was a texture of {replaced} before, with other bytes: give each source a name of its own with "
            "aegis init or aegis extract --game, and send both again",
            err=True,
        )
    if is_terminal():
        click.echo()
    if not detail.tags:
        click.echo("no tag was found")
        return
    print_table(
        ("tag", "category", "confidence", "source"),
        (
            (
                shown(tag.tag),
                shown(tag.category),
                bar(tag.confidence) if is_terminal() else f"{tag.confidence:.2f}",
                shown(said_by(tag)),
            )
            for tag in detail.tags
        ),
    )

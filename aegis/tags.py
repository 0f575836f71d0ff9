"""`aegis tags`: what is known of one asset."""

from __future__ import annotations

import json

import click
from rich.console import Console
from rich.table import Table

from aegis.reading import bar, read, said_by, shown, tag_json
from consumer.storage.reads import AssetDetail

_UNCALIBRATED = ", [yellow]uncalibrated: confidences order tags, but are no probabilities[/]"


@click.command("tags")
@click.argument("asset_id")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for machines.")
def command(asset_id: str, as_json: bool) -> None:
    """Show the tags of ASSET_ID, surest first, and who says so."""
    detail = read(lambda reader: reader.asset(asset_id))
    if detail is None:
        raise click.ClickException(
            f"no asset {asset_id!r} is stored: it was not tagged yet, or was removed; aegis search --text finds ids"
        )
    if as_json:
        fields = {**detail.fields, "tags": [tag_json(tag) for tag in detail.tags]}
        click.echo(json.dumps(fields, default=str, ensure_ascii=False, indent=2))
        return
    _print(detail, Console())


def _print(detail: AssetDetail, console: Console) -> None:
    fields = detail.fields
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim")
    facts.add_column(overflow="fold")
    facts.add_row("asset", f"[bold]{shown(fields['asset_id'])}[/]")
    facts.add_row("image", f"{fields['width']}x{fields['height']} {shown(fields['mode'])}")
    facts.add_row("object", shown(f"s3://{fields['bucket']}/{fields['object_key']}"))
    if fields["source"]:
        facts.add_row("source", shown(" · ".join(str(value) for value in fields["source"].values())))
    trust = (
        "" if fields["calibrated"] else " [yellow](uncalibrated: confidences order tags, but are no probabilities)[/]"
    )
    facts.add_row("model", f"{shown(fields['model_id'])} {fields['model_precision']}{trust}")
    facts.add_row("tagged", f"{fields['tagged_at']:%Y-%m-%d %H:%M:%S} UTC")
    console.print(facts)
    console.print()
    if not detail.tags:
        console.print("nothing was found in it")
        return
    table = Table(box=None, header_style="dim")
    for column in ("tag", "category", "confidence", "says"):
        table.add_column(column)
    for tag in detail.tags:
        table.add_row(shown(tag.tag), shown(tag.category), bar(tag.confidence), shown(said_by(tag)))
    console.print(table)

"""`aegis model`: look at model bundles, and measure them."""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from aegis.errors import UserError
from consumer.tagging.bundle import BundleError, default_bundle_path, load_bundle

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group("model")
def command() -> None:
    """Look at model bundles, and measure them. BUNDLE is a folder; without one, aegis-mini is meant."""


@command.command()
@click.argument("bundle", type=_FOLDER, default=default_bundle_path)
def info(bundle: Path) -> None:
    """Show what a bundle is and holds, after comparing every file with its digest."""
    try:
        loaded = load_bundle(bundle)
    except BundleError as error:
        raise UserError(str(error)) from error
    manifest, table = loaded.manifest, Table.grid(padding=(0, 2))
    rows = {
        "id": manifest.id,
        "digest": loaded.digest,
        "source": manifest.source,
        "licence": manifest.licence,
        "input": f"{manifest.image.size} px square, {manifest.image.fit}, ground {manifest.image.ground}",
        "embedding": f"{manifest.dim} numbers, {manifest.precision}",
        "taxonomy": f"{loaded.taxonomy.id} {loaded.taxonomy.version}, {loaded.taxonomy_digest}",
        "confidences": f"calibrated on {loaded.calibration.images} images" if loaded.calibration else "uncalibrated",
        "bytes": f"{sum(entry.bytes for entry in manifest.files.values()):,}",
    }
    for name, value in rows.items():
        table.add_row(f"[dim]{name}[/]", value)
    Console().print(table)


@command.command()
@click.argument("bundle", type=_FOLDER, default=default_bundle_path)
def verify(bundle: Path) -> None:
    """Compare every file of a bundle with its digest; exit 2 with one sentence where one differs."""
    try:
        loaded = load_bundle(bundle)
    except BundleError as error:
        raise UserError(str(error)) from error
    click.echo(f"{bundle}: {len(loaded.manifest.files)} files are what bundle.json says")


@command.command("eval")
@click.argument("bundle", type=_FOLDER, default=default_bundle_path)
@click.option("--labels", type=_FILE, required=True, help="CSV: file, object_types, art_styles, texture_role, game, …")
@click.option("--images", type=_FOLDER, required=True, help="Folder of the files that the CSV names.")
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Also write all figures to this file.")
def evaluate(bundle: Path, labels: Path, images: Path, json_path: Path | None) -> None:
    """Measure the tags of a bundle, as it is, on labelled images."""
    from export.evaluate import evaluate_bundle, to_json  # noqa: PLC0415 - heavy

    _show(to_json(evaluate_bundle(bundle, labels, images)), json_path)


@command.command()
@click.argument("bundle", type=_FOLDER)
@click.option("--labels", type=_FILE, required=True, help="CSV: file, object_types, art_styles, texture_role, game, …")
@click.option("--images", type=_FOLDER, required=True, help="Folder of the files that the CSV names.")
@click.option("--by-game", is_flag=True, help="Cross-fit over games instead of images: the harder question.")
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Also write all figures to this file.")
def calibrate(bundle: Path, labels: Path, images: Path, *, by_game: bool, json_path: Path | None) -> None:
    """Fit the confidences of BUNDLE on labelled images and write them into it; prints cross-fitted figures."""
    from export.evaluate import calibrate_bundle, to_json  # noqa: PLC0415 - heavy

    _show(to_json(calibrate_bundle(bundle, labels, images, by_game=by_game)), json_path)


def _show(document: str, json_path: Path | None) -> None:
    if json_path is not None:
        json_path.write_text(document + "\n", encoding="utf-8")
    table = Table(box=None, header_style="dim")
    for column in ("category", "images", "top1", "map", "precision at 0.7", "recall at 0.7", "ece"):
        table.add_column(column, justify="left" if column == "category" else "right")
    for category, part in json.loads(document).items():
        if isinstance(part, dict):
            values = (part[name] for name in ("top1", "map", "precision_at_0.7", "recall_at_0.7", "ece"))
            shown = ("none said" if value is None else f"{value:.3f}" for value in values)
            table.add_row(category, str(part["images"]), *shown)
    Console().print(table)

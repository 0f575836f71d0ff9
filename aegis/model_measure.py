"""`aegis model eval` and `calibrate`: how good the tags are, and how far to trust them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table

from aegis.bundles import folder_of, own_folder, told
from consumer.tagging.precision import Wanted

if TYPE_CHECKING:
    from export.evaluate import Evaluation

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_LABELS = click.option(
    "--labels",
    type=_FILE,
    required=True,
    multiple=True,
    help="CSV: file, game, source_path, and a column for each category that is labelled. Give it again to add columns.",
)
_IMAGES = click.option("--images", type=_FOLDER, required=True, help="Folder of the files that the CSV names.")
_PRECISION = click.option(
    "--precision",
    type=click.Choice(["auto", "fp32", "fp16", "int8"]),
    default="auto",
    show_default=True,
    help="Graph of the bundle to run; auto is what the product runs here.",
)
_JSON = click.option(
    "--json", "json_path", type=click.Path(path_type=Path), help="Also write all figures to this file."
)
_REPORT = click.option("--report", type=click.Path(file_okay=False, path_type=Path), help="Write index.html there.")


@click.command("eval")
@click.argument("bundle", required=False)
@_LABELS
@_IMAGES
@_PRECISION
@click.option("--names", is_flag=True, help="Let source_path speak too; labels made from paths flatter such figures.")
@_JSON
@_REPORT
def evaluate(
    bundle: str | None,
    labels: tuple[Path, ...],
    images: Path,
    precision: Wanted,
    *,
    names: bool,
    json_path: Path | None,
    report: Path | None,
) -> None:
    """Measure the tags of a bundle, as it is, on labelled images."""
    from export.evaluate import Labels, evaluate_bundle  # noqa: PLC0415 - heavy

    with told():
        found = evaluate_bundle(folder_of(bundle), Labels(labels, images), names=names, precision=precision)
    _tell(found, images, json_path, report, "with names" if names else "")


@click.command()
@click.argument("bundle")
@_LABELS
@_IMAGES
@_PRECISION
@click.option("--by-game", is_flag=True, help="Cross-fit over games instead of images: the harder question.")
@click.option("--names-from", type=_FILE, help="CSV of paths and labels that names are fitted on, without images.")
@_JSON
@_REPORT
def calibrate(
    bundle: str,
    labels: tuple[Path, ...],
    images: Path,
    precision: Wanted,
    *,
    by_game: bool,
    names_from: Path | None,
    json_path: Path | None,
    report: Path | None,
) -> None:
    """Fit the confidences of BUNDLE, a folder, on labelled images; write them into it; show cross-fitted figures."""
    from export.evaluate import DEFAULT_NAMES, Labels, calibrate_bundle  # noqa: PLC0415 - heavy

    with told():
        found = calibrate_bundle(
            own_folder(bundle),
            Labels(labels, images),
            by_game=by_game,
            names_from=names_from or DEFAULT_NAMES,
            precision=precision,
        )
    _tell(found, images, json_path, report, "cross-fitted over games" if by_game else "cross-fitted")


def _tell(found: Evaluation, images: Path, json_path: Path | None, report: Path | None, how: str) -> None:
    from export.judged import to_json  # noqa: PLC0415 - heavy
    from export.report import write_report  # noqa: PLC0415 - heavy

    document = to_json(found.report)
    if json_path is not None:
        json_path.write_text(document + "\n", encoding="utf-8")
    if report is not None:
        write_report(found, images, report)
        click.echo(f"the report is in {report / 'index.html'}", err=True)
    _show(json.loads(document), found, how)


def _show(document: dict[str, dict[str, Any]], found: Evaluation, how: str) -> None:
    console = Console()
    table = Table(box=None, header_style="dim")
    for column in ("category", "images", "top1", "map", "precision at 0.7", "recall at 0.7", "ece", "brier", "tags"):
        table.add_column(column, justify="left" if column == "category" else "right")
    keys = ("top1", "map", "precision_at_default", "recall_at_default", "ece", "brier", "tags_per_image")
    for category, part in document.items():
        shown = ("-" if part[name] is None else f"{part[name]:.3f}" for name in keys)
        table.add_row(category, str(part["images"]), *shown)
    console.print(table)
    trust = "" if found.calibrated else ", [yellow]uncalibrated: confidences are no probabilities[/]"
    note = f"{found.precision} graph, median {found.tags_per_image_median:g} tags in an event"
    console.print(f"[dim]{', '.join(filter(None, [note, how]))}[/]{trust}")

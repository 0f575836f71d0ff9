"""`aegis model eval` and `calibrate`: how good the tags are, and how far to trust them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aegis.shared.bundles import bundle_argument, opened, own_folder, told
from aegis.shared.output import print_table, print_text
from aegis.shared.verb import Verb

if TYPE_CHECKING:
    from consumer.tagging.inference.precision import Wanted
    from export.evaluation.evaluate import Evaluation

_BY_GAME = "by game left out"
_COLUMNS = {
    "images": "images",
    "top1": "top1",
    "with names": "top1_with_names",
    "map": "map",
    "precision": "precision_published",
    "recall": "recall_published",
    "at 0.7": "precision_at_default",
    "recall at 0.7": "recall_at_default",
    "ece": "ece",
    "tags": "tags_per_image",
}
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_LABELS_HELP = (
    "CSV with file, game, source_path and a column for each labelled category; if repeated, columns are joined."
)
_IMAGES_HELP = "Folder of the images that the CSV names."
_PRECISION = click.option(
    "--precision",
    type=click.Choice(["auto", "fp32", "fp16", "int8"]),
    default="auto",
    show_default=True,
    help="Precision of the graph to run; auto is the one that a tagger runs on this machine.",
)
_JSON = click.option(
    "--json",
    "json_path",
    type=click.Path(path_type=Path, allow_dash=True),
    metavar="[FILE]",
    is_flag=False,
    flag_value=Path("-"),
    help="File to write all figures of each category to as JSON; standard output, in place of the table, if not named.",
)
_REPORT = click.option(
    "--report", type=click.Path(file_okay=False, path_type=Path), help="Folder to write a report (index.html) to."
)


@click.command("eval", cls=Verb, examples=("aegis model eval ./next --labels labels.csv --images ./textures --json",))
@bundle_argument
@click.option("--labels", type=_FILE, required=True, multiple=True, help=_LABELS_HELP)
@click.option("--images", type=_FOLDER, required=True, help=_IMAGES_HELP)
@_PRECISION
@click.option(
    "--names",
    is_flag=True,
    help="Use source_path as evidence too; flatters the figures if the labels were made from paths.",
)
@click.option(
    "--by-game",
    is_flag=True,
    help="Judge each game by a calibration that has not seen it, and show the figures of each; changes nothing.",
)
@_JSON
@_REPORT
def evaluate(
    bundle: str | None,
    labels: tuple[Path, ...],
    images: Path,
    precision: Wanted,
    *,
    names: bool,
    by_game: bool,
    json_path: Path | None,
    report: Path | None,
) -> None:
    """Measure on labelled images how good the tags of a bundle are."""
    from export.evaluation.evaluate import Labels, evaluate_bundle

    with told():
        evaluation = evaluate_bundle(
            opened(bundle), Labels(labels, images), names=names, precision=precision, by_game=by_game
        )
    how = [text for text, is_so in (("with names", names), (_BY_GAME, by_game)) if is_so]
    _tell(evaluation, images, json_path, report, how, games=by_game)


@click.command(
    cls=Verb,
    examples=(
        "aegis model calibrate ./next --labels labels.csv --images ./textures --report ./report",
        "aegis model calibrate ./next --verdicts",
        "aegis model calibrate ./next --forget-verdicts",
    ),
)
@click.argument("bundle", help="Folder of the bundle, which is changed.")
@click.option("--labels", type=_FILE, multiple=True, help=_LABELS_HELP)
@click.option("--images", type=_FOLDER, help=_IMAGES_HELP)
@click.option(
    "--verdicts", is_flag=True, help="Learn from what people said of stored assets, on top of the calibration."
)
@click.option("--forget-verdicts", is_flag=True, help="Take out of the bundle what verdicts taught it.")
@_PRECISION
@click.option(
    "--names-from", type=_FILE, help="CSV of paths and labels to fit the evidence of names on; needs no images."
)
@_JSON
@_REPORT
def calibrate(
    bundle: str,
    labels: tuple[Path, ...],
    images: Path | None,
    precision: Wanted,
    *,
    verdicts: bool,
    forget_verdicts: bool,
    names_from: Path | None,
    json_path: Path | None,
    report: Path | None,
) -> None:
    """Fit the confidences of a bundle on labelled images, store them in it, and show figures by game left out.

    With --verdicts, correct them for your own textures by what people confirmed, rejected and added; aegis compare
    --model BUNDLE shows what that changes, and aegis retag applies it to what is tagged already.
    """
    if verdicts or forget_verdicts:
        if labels or images or (verdicts and forget_verdicts):
            raise click.UsageError("--verdicts and --forget-verdicts stand alone: calibrate with --labels first")
        from aegis.shared.models.teaching import forget_verdicts as forget
        from aegis.shared.models.teaching import teach_verdicts

        if forget_verdicts:
            forget(bundle)
        else:
            teach_verdicts(bundle, json_path)
        return
    if not labels or images is None:
        raise click.UsageError("say what to fit on: --labels with --images, or --verdicts")
    from consumer.services.bundles import overlay_of
    from consumer.settings import ModelSettings
    from export.evaluation.evaluate import DEFAULT_NAMES, Labels, calibrate_bundle

    with told():
        evaluation = calibrate_bundle(
            own_folder(bundle),
            Labels(labels, images),
            overlay=overlay_of(ModelSettings()),
            names_from=names_from or DEFAULT_NAMES,
            precision=precision,
        )
    _tell(evaluation, images, json_path, report, [_BY_GAME], games=True)


def _tell(
    found: Evaluation, images: Path, json_path: Path | None, report: Path | None, how: list[str], *, games: bool
) -> None:
    from export.evaluation.judged import to_json
    from export.reports.report import write_report

    document = to_json(found.report | {"published": found.published})
    if json_path == Path("-"):
        click.echo(document)
    elif json_path is not None:
        json_path.write_text(document + "\n", encoding="utf-8")
    if report is not None:
        write_report(found, images, report)
        click.echo(f"the report is in {report / 'index.html'}", err=True)
    if json_path != Path("-"):
        figures = json.loads(document)
        _show(figures, found)
        if games:
            _show_games(figures)
        _show_notes(figures, found, how)


def _show(document: dict[str, dict[str, Any]], found: Evaluation) -> None:
    print_table(
        ("category", *_COLUMNS),
        ((category, *(_cell(document[category][name]) for name in _COLUMNS.values())) for category in found.report),
        right=tuple(_COLUMNS),
    )


def _show_games(document: dict[str, dict[str, Any]]) -> None:
    """Print what each game gets: by a calibration that has not seen it."""
    published = document["published"]["by_game"]
    ranked = [category for category in ("object_types", "texture_roles") if category in document]
    promised = [part["candidates"]["by_game"] for part in document.values() if part.get("candidates")]
    sets: dict[str, dict[str, float]] = promised[0] if promised else {}
    columns = ("game", "images", *(f"{name} top1" for name in ranked), "tags", "precision", "covered", "in set")
    rows = []
    for game, row in published.items():
        top1 = [document[category]["by_game"].get(game, {}).get("top1") for category in ranked]
        held = [sets.get(game, {}).get(name) for name in ("coverage", "size")]
        values = [row["images"], *top1, row["tags_per_asset"], row["precision"], *held]
        rows.append((game, *(_cell(value) for value in values)))
    print_table(columns, rows, right=columns[1:])


def _show_notes(document: dict[str, dict[str, Any]], found: Evaluation, how: list[str]) -> None:
    published = document["published"]
    notes = [f"{found.precision} graph", *how, f"{published['tags_per_asset']:.1f} tags in an event"]
    if published["precision"] is not None:
        notes.append(f"{published['precision']:.3f} of {published['judged']} judged tags right")
    trust = "" if found.calibrated else ", [yellow]uncalibrated: confidences are no probabilities[/]"
    print_text(f"[dim]{', '.join(notes)}[/]{trust}")
    for category in found.refused:
        print_text(
            f"[yellow]{category} is off: on games left out its embedding tells less than base rates do; its tags are "
            "published for names and pixel tests alone[/]"
        )
    for name, share in published["everywhere"].items():
        print_text(f"[dim]{name} stands on {share:.0%} of all assets[/]")
    for name, share in published["often_wrong"].items():
        print_text(f"[yellow]{name} is wrong on {share:.0%} of the assets[/]")


def _cell(value: float | None) -> str:
    if value is None:
        return "-"
    return str(value) if isinstance(value, int) else f"{value:.3f}"

"""How far the tags of a bundle can be trusted, on labelled textures; run by hand, since it needs them.

    python -m benchmarks.tags --labels labels.csv --labels benchmarks/labels/by_eye.csv --images DIR

Calibrates a copy of the bundle and reports cross-fitted figures: no image judges its own calibration. Figures are
without names, but for those that say so: where labels were made from paths, names flatter. benchmarks/labels/by_eye.csv
holds palettes and materials of 150 of the development textures, labelled by looking at them.
"""

from __future__ import annotations

import math
import shutil
import tempfile
from pathlib import Path

import click

from benchmarks.figures import Figure, report
from consumer.tagging.bundle import default_bundle_path
from export.evaluate import Evaluation, Labels, calibrate_bundle, evaluate_bundle

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
PIXEL_CATEGORIES = ("color_palettes", "texture_roles")


@click.command()
@click.option("--bundle", type=FOLDER, default=default_bundle_path())
@click.option("--labels", type=click.Path(exists=True, dir_okay=False, path_type=Path), multiple=True, required=True)
@click.option("--images", type=FOLDER, required=True)
def main(bundle: Path, labels: tuple[Path, ...], images: Path) -> None:
    """Measure and report."""
    with tempfile.TemporaryDirectory(prefix="aegis-bench-") as scratch:
        copy = shutil.copytree(bundle, Path(scratch) / "bundle")
        truth = Labels(labels, images)
        crossed = calibrate_bundle(copy, truth)
        by_game = calibrate_bundle(copy, truth, by_game=True)
        named = evaluate_bundle(copy, truth, names=True)
    figures = [Figure("tags_per_image_median", crossed.tags_per_image_median, "tags", 5, "higher")]
    for category, part in crossed.report.items():
        figures += _category(category, part)
        figures.append(_figure(f"{category}.ece_over_games", by_game.report[category]["ece"], None, "lower"))
        figures.append(_figure(f"{category}.top1_with_names", named.report[category]["top1"], None, "higher"))
        figures.append(_figure(f"{category}.map_with_names", named.report[category]["map"], None, "higher"))
    figures += _by_tag(crossed)
    report("tags", [figure for figure in figures if not math.isnan(figure.value)])


def _category(category: str, part: dict[str, float]) -> list[Figure]:
    return [
        _figure(f"{category}.top1", part["top1"], None, "higher"),
        _figure(f"{category}.map", part["map"], None, "higher"),
        _figure(f"{category}.ece", part["ece"], 0.05, "lower"),
        _figure(f"{category}.precision_at_0.7", part["precision_at_default"], 0.7, "higher"),
        _figure(f"{category}.recall_at_0.7", part["recall_at_default"], None, "higher"),
    ]


def _by_tag(crossed: Evaluation) -> list[Figure]:
    """Return precision and recall of the tags that pixels speak for, said at even odds."""
    return [
        _figure(f"{category}.{name}.{figure}", tag[f"{figure}_at_half"], 0.9, "higher")
        for category in PIXEL_CATEGORIES
        if category in crossed.report
        for name, tag in crossed.report[category]["by_tag"].items()
        if tag["positives"]
        for figure in ("precision", "recall")
    ]


def _figure(name: str, value: float, goal: float | None, better: str) -> Figure:
    return Figure(name, round(float(value), 4), "", goal, "higher" if better == "higher" else "lower")


if __name__ == "__main__":
    main()

"""How far the tags of a bundle can be trusted on games that it has not seen; run by hand, since it needs labels.

    python -m benchmarks.tags --labels labels.csv --labels benchmarks/labels/by_eye.csv --images DIR

Every figure is by game left out: no game judges a calibration that has seen it. Figures are without names, but for
those that say so: where labels were made from paths, names flatter. benchmarks/labels/by_eye.csv holds palettes and
materials of 150 of the development textures, labelled by looking at them. The bundle stays as it is.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Final

import click

from benchmarks.support.figures import Figure, report
from consumer.tagging.bundle.bundle import default_bundle_path, load_bundle
from export.evaluation.evaluate import Evaluation, Labels, evaluate_bundle

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
PIXEL_TAGS: Final = (("art_styles", "pixel_art"), ("texture_roles", "normal_map"), ("texture_roles", "mask"))
# Of a category: the figure, its goal, and whether more is better.
_CATEGORY: Final[tuple[tuple[str, dict[str, float], str], ...]] = (
    ("top1", {"object_types": 0.62, "texture_roles": 0.87}, "higher"),
    ("top1_with_names", {}, "higher"),
    ("map", {}, "higher"),
    ("ece", {"object_types": 0.05, "texture_roles": 0.05, "art_styles": 0.05, "color_palettes": 0.05}, "lower"),
    ("precision_published", {"object_types": 0.75}, "higher"),
    ("recall_published", {"object_types": 0.4}, "higher"),
    ("precision_at_default", {"object_types": 0.85}, "higher"),
    ("recall_at_default", {"object_types": 0.35}, "higher"),
)


@click.command()
@click.option("--bundle", type=FOLDER, default=default_bundle_path())
@click.option("--labels", type=click.Path(exists=True, dir_okay=False, path_type=Path), multiple=True, required=True)
@click.option("--images", type=FOLDER, required=True)
def main(bundle: Path, labels: tuple[Path, ...], images: Path) -> None:
    """Measure and report."""
    found = evaluate_bundle(load_bundle(bundle), Labels(labels, images), by_game=True)
    figures = [*_published(found), *_candidates(found)]
    for category, part in found.report.items():
        figures += _category(category, part)
    figures += _pixel_tags(found)
    report("tags", [figure for figure in figures if not math.isnan(figure.value)])


def _published(found: Evaluation) -> list[Figure]:
    published = found.published
    return [
        _figure("published.precision", published["precision"], 0.85, "higher"),
        _figure("published.tags_per_asset", published["tags_per_asset"], 5, "higher"),
        _figure("published.tags_on_half_of_all_assets", len(published["everywhere"]), None, "lower"),
        _figure("published.tags_wrong_on_a_quarter_of_a_game", len(published["often_wrong"]), 0, "lower"),
    ]


def _candidates(found: Evaluation) -> list[Figure]:
    """Return coverage and size of the promised sets, games alike, and the least that one game gets."""
    figures = []
    for category, part in found.report.items():
        sets: dict[str, Any] = part["candidates"]
        if sets:
            least = min(row["coverage"] for row in sets["by_game"].values())
            figures += [
                _figure(f"{category}.candidates_coverage", sets["coverage"], 0.88, "higher"),
                _figure(f"{category}.candidates_least_coverage_of_a_game", least, None, "higher"),
                _figure(f"{category}.candidates_size", sets["size"], 4, "lower"),
            ]
    return figures


def _category(category: str, part: dict[str, Any]) -> list[Figure]:
    return [_figure(f"{category}.{name}", part[name], goals.get(category), better) for name, goals, better in _CATEGORY]


def _pixel_tags(found: Evaluation) -> list[Figure]:
    """Return precision and recall of published tags that the pixels alone speak for."""
    return [
        _figure(f"{category}.{tag}.{name}", found.report[category]["by_tag"][tag][f"{name}_published"], 0.9, "higher")
        for category, tag in PIXEL_TAGS
        if category in found.report and found.report[category]["by_tag"].get(tag, {}).get("positives")
        for name in ("precision", "recall")
    ]


def _figure(name: str, value: float, goal: float | None, better: str) -> Figure:
    return Figure(name, round(float(value), 4), "", goal, "higher" if better == "higher" else "lower")


if __name__ == "__main__":
    main()

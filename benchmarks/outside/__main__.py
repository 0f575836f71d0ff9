"""How often the best object type is right on 120 textures of seven free games outside all sets, labelled by eye.

    python -m benchmarks.outside --packages DIR [--before BUNDLE] [--sheet FILE]

The textures were drawn by chance out of Debian's packages of the games, at most a few of a folder, and labelled by
looking at them before any model did: labels.csv names for each what somebody could call it. Those of which nobody could
tell were left out. Missing packages are fetched with apt-get (1.2 GB); the textures are not part of the project.
"""

from __future__ import annotations

import csv
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click
import numpy as np

from benchmarks.outside.sheet import Shown, draw_sheet
from benchmarks.support.figures import Figure, report
from consumer.tagging.bundle.bundle import default_bundle_path, load_bundle
from export.evaluation.evaluate import Labels, evaluate_bundle
from export.mini.manifest import fetch_from_debian

LABELS: Final = Path(__file__).with_name("labels.csv")
GOAL_RIGHT: Final = 0.6
_CATEGORY: Final = "object_types"
_FOLDER = click.Path(file_okay=False, path_type=Path)


@dataclass(frozen=True, slots=True)
class Best:
    """The best object type of each texture, whether it is right, and whether it is published."""

    names: list[str]
    right: list[bool]
    published: list[bool]

    @property
    def share_right(self) -> float:
        return float(np.mean(self.right))

    @property
    def share_of_published_right(self) -> float:
        return float(np.mean([right for right, said in zip(self.right, self.published, strict=True) if said]))


@click.command()
@click.option("--packages", type=_FOLDER, required=True, help="Folder where the packages are, or are fetched to.")
@click.option("--bundle", type=_FOLDER, default=default_bundle_path(), help="Bundle to judge; aegis-mini if not given.")
@click.option("--before", type=_FOLDER, help="Another bundle, to be compared with.")
@click.option("--sheet", type=click.Path(dir_okay=False, path_type=Path), help="WebP to draw all of them to.")
def main(packages: Path, bundle: Path, before: Path | None, sheet: Path | None) -> None:
    """Measure and report."""
    with LABELS.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    with tempfile.TemporaryDirectory(prefix="aegis-outside-") as folder:
        images = Path(folder)
        for row in rows:
            (images / row["file"]).write_bytes(_content(packages, row["package"], row["source_path"]))
        now = best(bundle, images, names=True)
        earlier = None if before is None else best(before, images, names=True)
        figures = [
            *_figures("", now, GOAL_RIGHT),
            *_figures("_without_names", best(bundle, images, names=False), None),
        ]
        if before is not None and earlier is not None:
            figures += _figures("_before", earlier, None)
            figures += _figures("_before_without_names", best(before, images, names=False), None)
        if sheet is not None:
            draw_sheet(sheet, list(_shown(rows, images, now, earlier)))
    report("outside", figures)


def best(bundle: Path, images: Path, *, names: bool) -> Best:
    """Return what a bundle makes of the textures, with their paths as evidence or without; raises BundleError."""
    tags = evaluate_bundle(load_bundle(bundle), Labels((LABELS,), images), names=names).tags[_CATEGORY]
    chosen, at = tags.confidences.argmax(axis=1), np.arange(len(tags.confidences))
    return Best(
        [tags.names[column] for column in chosen], tags.truth[at, chosen].tolist(), tags.published[at, chosen].tolist()
    )


def _figures(suffix: str, found: Best, goal: float | None) -> list[Figure]:
    return [
        Figure(f"best_object_type_right{suffix}", found.share_right, "share", goal, "higher"),
        Figure(f"object_type_published{suffix}", float(np.mean(found.published)), "share", None, "higher"),
        Figure(f"published_right{suffix}", found.share_of_published_right, "share", None, "higher"),
    ]


def _shown(rows: list[dict[str, str]], images: Path, now: Best, earlier: Best | None) -> Iterator[Shown]:
    for at, row in enumerate(rows):
        said = [(found.names[at], found.right[at]) for found in (earlier, now) if found is not None]
        yield Shown(images / row["file"], said)


def _content(packages: Path, package: str, path: str) -> bytes:
    if not (packages / package).exists():
        packages.mkdir(parents=True, exist_ok=True)
        fetch_from_debian(package, packages)
    file, _, member = path.partition("!")
    if not member:
        return (packages / package / file).read_bytes()
    with zipfile.ZipFile(packages / package / file) as archive:
        return archive.read(member)


if __name__ == "__main__":
    main()

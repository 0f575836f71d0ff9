"""How far the findings of `aegis lint` can be trusted, and what they cost: `make lint-bench`.

    python -m benchmarks.findings --textures DIR --textures DIR

Each check meets real textures with its fault by construction and the nearest ones without it; the conventions of normal
maps are made from real textures, stored in several formats. Without --textures the samples of the project are used.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from benchmarks.findings.candidates import candidate_figures
from benchmarks.findings.conventions import convention_figures
from benchmarks.findings.cost import cost_figures, lint_figures, tagging_figures
from benchmarks.findings.relations import relation_figures
from benchmarks.findings.scale import LIBRARY, one_against
from benchmarks.findings.sources import Pixels, reliefs, surfaces
from benchmarks.findings.trial import outcome
from benchmarks.findings.trials import TRIALS
from benchmarks.support.figures import Figure, report
from benchmarks.support.images import SAMPLES
from consumer.findings.registry import CHECKS

_PRECISION: float = 0.95
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.option("--textures", type=_FOLDER, multiple=True, default=(SAMPLES,), help="Folders of real textures.")
def main(textures: tuple[Path, ...]) -> None:
    """Measure and report."""
    faces = surfaces(textures)
    figures = [
        Figure("checks", len(CHECKS), "checks", 20, "higher"),
        Figure("real_textures", len(faces), "pieces", 200, "higher"),
        *_trials(faces),
        *convention_figures(reliefs(textures)),
        *cost_figures(textures),
        *lint_figures(textures),
        *tagging_figures(textures),
        *relation_figures(textures),
        *candidate_figures(textures),
        *one_against(LIBRARY),
    ]
    report("lint", figures)


def _trials(faces: Sequence[Pixels]) -> list[Figure]:
    figures = []
    for trial in TRIALS:
        came = outcome(trial, faces)
        figures.append(Figure(f"{trial.name}.precision", came.precision, "share", _PRECISION, "higher"))
        figures.append(Figure(f"{trial.name}.recall", came.recall, "share", None, "higher"))
    return figures


if __name__ == "__main__":
    main()

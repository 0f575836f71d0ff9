"""How good a bundle's tags are on labelled images, per category, tag and group; and its calibration, written back.

`calibrate_bundle` fits on all labels and reports cross-fitted figures: no image judges its own calibration.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from consumer.tagging.bundle import CALIBRATION, Bundle, load_bundle
from consumer.tagging.calibration import Calibration
from consumer.tagging.scoring import Scorer
from export import figures
from export.calibrate import Similarities, cross_fitted, fit_exclusive, fit_independent
from export.compile import refresh_manifest, replace_file
from export.labels import LabelledImage, read_labels, truth_matrix
from export.served import Served, serve

Report = dict[str, Any]
FOLDS = 5


@dataclass(frozen=True, slots=True)
class Judged:
    """Confidences [n, T] of the images (positions `known`) that have a truth in the category."""

    names: list[str]
    known: NDArray[np.intp]
    truth: NDArray[np.bool_]
    confidences: NDArray[np.float64]


def evaluate_bundle(folder: Path, labels: Path, images: Path) -> Report:
    """Return figures per category of the bundle as it is, pixel evidence included."""
    bundle, labelled, served = _serve(folder, labels, images)
    scorer = Scorer(bundle)
    rows = [scorer.probabilities(*one) for one in zip(served.embeddings, served.evidence, strict=True)]
    counts = [len(scorer.score(*one)) for one in zip(served.embeddings, served.evidence, strict=True)]
    report: Report = {"tags_per_image_median": float(np.median(counts))}
    for category, spec in bundle.taxonomy.categories.items():
        names = list(spec.tags)
        known, truth = truth_matrix(labelled, category, names)
        if len(known):
            confidences = np.array([[rows[at][category].get(name, 0.0) for name in names] for at in known])
            report[category] = _figures(Judged(names, known, truth, confidences), labelled)
    return report


def calibrate_bundle(folder: Path, labels: Path, images: Path, *, by_game: bool = False) -> Report:
    """Fit the calibration, write it into the bundle, and return cross-fitted figures per category.

    Folds are drawn by the image's file name, or are the games themselves when `by_game` (the harder question).
    """
    bundle, labelled, served = _serve(folder, labels, images)
    scorer = Scorer(bundle)
    sides = [scorer.similarities(embedding) for embedding in served.embeddings]
    fitted, report = {}, {}
    for category, spec in bundle.taxonomy.categories.items():
        names = bundle.vectors[category].names
        known, truth = truth_matrix(labelled, category, list(names))
        if not len(known):
            continue
        seen = Similarities(
            names,
            np.array([sides[at][category][0] for at in known], dtype=np.float64),
            np.array([sides[at][category][1] for at in known], dtype=np.float64),
        )
        fit = fit_exclusive if spec.exclusive else fit_independent
        folds = _folds([labelled[at] for at in known], by_game=by_game)
        crossed = cross_fitted(fit, seen, truth, folds)
        report[category] = _figures(Judged(list(names), known, truth, crossed), labelled)
        fitted[category] = fit(seen, truth)
    calibration = Calibration(
        labels_sha256=hashlib.sha256(labels.read_bytes()).hexdigest(),
        images=len(labelled),
        categories=fitted,
        metrics={
            f"{name}.{figure}": part[figure] for name, part in report.items() for figure in ("top1", "ece", "map")
        },
    )
    replace_file(folder / CALIBRATION, (calibration.model_dump_json(indent=2) + "\n").encode())
    refresh_manifest(folder, bundle.manifest, [CALIBRATION], calibrated=True)
    return report


def _serve(folder: Path, labels: Path, images: Path) -> tuple[Bundle, list[LabelledImage], Served]:
    bundle = load_bundle(folder)
    labelled = read_labels(labels, bundle.taxonomy.categories)
    return bundle, labelled, serve(bundle, [images / image.file for image in labelled])


def _folds(labelled: list[LabelledImage], *, by_game: bool) -> NDArray[np.intp]:
    if by_game:
        games = sorted({image.game for image in labelled})
        return np.array([games.index(image.game) for image in labelled])
    return np.array([int(hashlib.sha256(image.file.encode()).hexdigest(), 16) % FOLDS for image in labelled])


def _figures(judged: Judged, labelled: list[LabelledImage]) -> Report:
    confidences, truth = judged.confidences, judged.truth
    precision, recall, said = figures.precision_recall(confidences, truth, 0.7)
    right = truth[np.arange(len(truth)), confidences.argmax(axis=1)]
    by_group: dict[str, list[bool]] = defaultdict(list)
    by_game: dict[str, list[bool]] = defaultdict(list)
    for at, hit in zip(judged.known, right.tolist(), strict=True):
        by_group[f"{labelled[at].game}/{labelled[at].group}"].append(hit)
        by_game[labelled[at].game].append(hit)
    return {
        "images": len(truth),
        "top1": figures.top1(confidences, truth),
        "map": figures.mean_average_precision(confidences, truth),
        "precision_at_0.7": precision,
        "recall_at_0.7": recall,
        "tags_at_0.7": said,
        "ece": figures.calibration_error(confidences, truth),
        "brier": figures.brier(confidences, truth),
        "by_tag": {name: _tag_figures(confidences[:, at], truth[:, at], right) for at, name in enumerate(judged.names)},
        "by_game": {name: float(np.mean(hits)) for name, hits in sorted(by_game.items())},
        "by_group": {name: float(np.mean(hits)) for name, hits in sorted(by_group.items())},
    }


def _tag_figures(confidences: NDArray[np.float64], truth: NDArray[np.bool_], right: NDArray[np.bool_]) -> Report:
    precision, recall, said = figures.precision_recall(confidences, truth, 0.7)
    return {
        "positives": int(truth.sum()),
        "top1": float(right[truth].mean()) if truth.any() else None,
        "average_precision": figures.average_precision(confidences, truth),
        "precision_at_0.7": precision,
        "recall_at_0.7": recall,
        "said_at_0.7": said,
    }


def to_json(report: Report) -> str:
    """Return the report as JSON; figures that do not exist (nan) become null."""
    return json.dumps(_without_nan(report), indent=2, sort_keys=True)


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(inner) for key, inner in value.items()}
    if isinstance(value, float):
        return None if np.isnan(value) else round(value, 4)
    return value

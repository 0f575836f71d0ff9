"""How good a bundle's tags are on labelled images, per category, tag and group; and its calibration, written back.

`calibrate_bundle` fits on all labels and reports cross-fitted figures: no image judges its own calibration.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from consumer.tagging.bundle import CALIBRATION, Bundle, load_bundle
from consumer.tagging.calibration import Calibration
from consumer.tagging.embed import open_embedder
from consumer.tagging.judging import Evidence, judge
from consumer.tagging.manifest import Precision
from consumer.tagging.names import AssetNames
from consumer.tagging.precision import Wanted
from consumer.tagging.scoring import NO_NAMES, Scorer
from consumer.tagging.taxonomy import Category, Taxonomy
from export.calibrate import Labelled, cross_fitted, fit_category
from export.compile import refresh_manifest, replace_file
from export.judged import Judged, Report, report_of
from export.labels import LabelledImage, LabelsError, read_labels, truth_of
from export.names_fit import fit_names
from export.served import serve

FOLDS = 5
# The training games' paths, which ship with the project: other games than any that labels are measured on.
DEFAULT_NAMES = Path(__file__).parent / "mini" / "manifest.csv.gz"


@dataclass(frozen=True, slots=True)
class Labels:
    """Where the truth is: tables (see `read_labels`) and the folder of the images that they name."""

    tables: tuple[Path, ...]
    images: Path

    @property
    def sha256(self) -> str:
        return hashlib.sha256(b"".join(path.read_bytes() for path in self.tables)).hexdigest()


@dataclass(frozen=True, slots=True)
class Seen:
    """A bundle and what it makes of labelled images: by category the evidence of all of them, in their order."""

    bundle: Bundle
    precision: Precision
    images: list[LabelledImage]
    evidence: dict[str, Evidence]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Figures, and what they were made of: the confidences of each category, and the tags an image gets in all."""

    report: Report
    judged: dict[str, Judged]
    images: list[LabelledImage]
    tags_per_image_median: float
    precision: Precision
    calibrated: bool
    bundle_id: str


def evaluate_bundle(folder: Path, labels: Labels, *, names: bool = False, precision: Wanted = "auto") -> Evaluation:
    """Measure the bundle as it is. With `names` the files' source paths are evidence too.

    Where the labels were made from those paths, such figures flatter. Raises BundleError, ModelError and LabelsError.
    """
    seen = see(load_bundle(folder), labels, names=names, precision=precision)
    fitted = seen.bundle.calibration.categories if seen.bundle.calibration else {}
    taxonomy = seen.bundle.taxonomy
    confidences = {
        category: judge(evidence, exclusive=taxonomy.categories[category].exclusive, fitted=fitted.get(category))
        for category, evidence in seen.evidence.items()
    }
    return _evaluation(taxonomy, seen, confidences, calibrated=seen.bundle.calibration is not None)


def calibrate_bundle(
    folder: Path,
    labels: Labels,
    *,
    by_game: bool = False,
    names_from: Path = DEFAULT_NAMES,
    precision: Wanted = "auto",
) -> Evaluation:
    """Fit the calibration, write it into the bundle, and return cross-fitted figures per category.

    Folds are drawn by the image's file name, or are the games themselves when `by_game` (the harder question). What
    names are worth is fitted on the paths of `names_from`, which needs no images. Raises as `evaluate_bundle`.
    """
    seen = see(load_bundle(folder), labels, names=False, precision=precision)
    taxonomy, fitted = seen.bundle.taxonomy, {}
    confidences = {}
    for category, spec in taxonomy.categories.items():
        labelled, at = _labelled(seen, category, spec)
        if not len(at):
            continue
        images = [seen.images[place] for place in at]
        fit = fit_category(labelled, exclusive=spec.exclusive, folds=_folds(images))
        fitted[category] = fit
        folds = _games(images) if by_game else _folds(images)
        everything = judge(seen.evidence[category], exclusive=spec.exclusive, fitted=fit)
        everything[at] = cross_fitted(labelled, folds, exclusive=spec.exclusive, choice=fit.evidence)
        confidences[category] = everything
    evaluation = _evaluation(taxonomy, seen, confidences, calibrated=True)
    named = read_labels(names_from, taxonomy.categories)
    calibration = Calibration(
        labels_sha256=labels.sha256,
        images=len(seen.images),
        precision=seen.precision,
        categories=fitted,
        names=fit_names(taxonomy, named, hashlib.sha256(names_from.read_bytes()).hexdigest()),
        metrics=_metrics(evaluation.report),
    )
    replace_file(folder / CALIBRATION, (calibration.model_dump_json(indent=2) + "\n").encode())
    refresh_manifest(folder, seen.bundle.manifest, [CALIBRATION], calibrated=True)
    return evaluation


def see(bundle: Bundle, labels: Labels, *, names: bool, precision: Wanted) -> Seen:
    """Run the labelled images through the served path."""
    images = read_labels(labels.tables, bundle.taxonomy.categories)
    embedder = open_embedder(bundle, precision)
    served = serve(bundle, embedder, [labels.images / image.file for image in images])
    scorer = Scorer(bundle)
    rows = [
        scorer.evidence(embedding, tests, AssetNames.of([image.source_path]) if names else NO_NAMES)
        for embedding, tests, image in zip(served.embeddings, served.evidence, images, strict=True)
    ]
    evidence = {category: _stacked([row[category] for row in rows]) for category in bundle.taxonomy.categories}
    return Seen(bundle, embedder.precision, images, evidence)


def _stacked(rows: Sequence[Evidence]) -> Evidence:
    return Evidence(
        rows[0].names,
        *(np.concatenate([getattr(row, part) for row in rows]) for part in ("tags", "background", "pixels", "words")),
    )


def _labelled(seen: Seen, category: str, spec: Category) -> tuple[Labelled, NDArray[np.intp]]:
    truth = truth_of(seen.images, category, spec)
    chosen = np.zeros(len(seen.images), dtype=np.bool_)
    chosen[truth.images] = True
    return Labelled(seen.evidence[category].of(chosen), truth.tags, truth.known), truth.images


def _evaluation(
    taxonomy: Taxonomy, seen: Seen, confidences: dict[str, NDArray[np.float64]], *, calibrated: bool
) -> Evaluation:
    judged, said = {}, np.zeros(len(seen.images))
    for category, spec in taxonomy.categories.items():
        if category not in confidences:
            continue
        thresholds = np.array([2.0 if tag.off else spec.threshold_of(name) for name, tag in spec.tags.items()])
        said += (confidences[category] >= thresholds).sum(axis=1)
        truth = truth_of(seen.images, category, spec)
        if len(truth.images):
            judged[category] = Judged(
                tuple(spec.tags), truth.images, truth.tags, truth.known, confidences[category][truth.images], thresholds
            )
    if not judged:
        raise LabelsError("The labels name no tag of the bundle's taxonomy: their columns are named after categories.")
    report = {category: report_of(part, seen.images) for category, part in judged.items()}
    return Evaluation(
        report=report,
        judged=judged,
        images=seen.images,
        tags_per_image_median=float(np.median(said)),
        precision=seen.precision,
        calibrated=calibrated,
        bundle_id=seen.bundle.manifest.id,
    )


def _games(images: Sequence[LabelledImage]) -> NDArray[np.intp]:
    games = sorted({image.game for image in images})
    return np.array([games.index(image.game) for image in images], dtype=np.intp)


def _folds(images: Sequence[LabelledImage]) -> NDArray[np.intp]:
    return np.array(
        [int(hashlib.sha256(image.file.encode()).hexdigest(), 16) % FOLDS for image in images], dtype=np.intp
    )


def _metrics(report: Report) -> dict[str, float]:
    return {
        f"{category}.{figure}": round(part[figure], 4)
        for category, part in report.items()
        for figure in ("top1", "map", "ece", "precision_at_default")
        if not np.isnan(part[figure])
    }

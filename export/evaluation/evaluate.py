"""How good a bundle's tags are on labelled images, and its calibration, written back.

What is fitted is judged by game left out: no game's images judge a calibration that has seen others of that game.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from consumer.tagging.bundle.bundle import CALIBRATION, Bundle, load_bundle
from consumer.tagging.bundle.calibration import Calibration, CategoryCalibration
from consumer.tagging.bundle.manifest import Precision
from consumer.tagging.bundle.overlay import Overlay
from consumer.tagging.bundle.revised import untaught, with_calibration
from consumer.tagging.bundle.taxonomy import Taxonomy
from consumer.tagging.inference.precision import Wanted
from consumer.tagging.own_tags import lay_over
from consumer.tagging.scoring.probabilities import judge
from consumer.tagging.scoring.promised_sets import in_set
from consumer.tagging.scoring.publication import publication_bounds
from export.bundles.compile import refresh_manifest, replace_file
from export.evaluation.by_game import CategoryFit, fit_by_game, unlabelled_fit
from export.evaluation.judged import Judged, Report, report_of
from export.evaluation.labels import LabelledImage, LabelsError, read_labels, truth_of
from export.evaluation.names_fit import fit_names
from export.evaluation.published import CategoryTags, published_report, set_report
from export.evaluation.seen import Labels, Seen, hear_labelled, see
from schemas.tagged import READING_ORDER

__all__ = ["DEFAULT_NAMES", "Evaluation", "Labels", "calibrate_bundle", "evaluate_bundle"]

# The training games' paths, which ship with the project: other games than any that labels are measured on.
DEFAULT_NAMES = Path(__file__).parents[1] / "mini" / "manifest.csv.gz"
Fits = Mapping[str, CategoryFit | None]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Figures, and what they were made of: the judged images of each category, and the tags of all images."""

    report: Report
    published: Report
    judged: dict[str, Judged]
    tags: dict[str, CategoryTags]
    images: list[LabelledImage]
    refused: tuple[str, ...]
    precision: Precision
    calibrated: bool
    bundle_id: str


def evaluate_bundle(
    bundle: Bundle, labels: Labels, *, names: bool = False, precision: Wanted = "auto", by_game: bool = False
) -> Evaluation:
    """Measure the bundle as it is; `by_game`: with calibrations that have not seen the game they judge.

    With `names` the files' source paths are evidence too. Where the labels were made from those paths, such figures
    flatter. Raises BundleError, ModelError and LabelsError.
    """
    seen = see(hear_labelled(untaught(bundle), labels) if by_game else bundle, labels, precision=precision)
    if by_game:
        return _evaluation(seen, _fitted(seen), names=names, calibrated=True)
    stored = seen.bundle.calibration.categories if seen.bundle.calibration else {}
    fits = {
        category: CategoryFit(stored[category], {}) if category in stored else None
        for category in seen.bundle.taxonomy.categories
    }
    return _evaluation(seen, fits, names=names, calibrated=seen.bundle.calibration is not None)


def calibrate_bundle(
    folder: Path,
    labels: Labels,
    *,
    overlay: Overlay | None = None,
    names_from: Path = DEFAULT_NAMES,
    precision: Wanted = "auto",
) -> Evaluation:
    """Fit the calibration, write it into the bundle, and return figures by game left out.

    Where all labels of a category are of one game, parts of its images are left out instead. What names are worth is
    fitted on the paths of `names_from`, which needs no images. What verdicts had taught is gone then: it corrected
    other confidences. Of an overlay's tags those are fitted, and so heard, that labels name. Raises as
    `evaluate_bundle`.
    """
    bundle = load_bundle(folder)
    named = read_labels(names_from, bundle.taxonomy.categories)
    names = fit_names(bundle.taxonomy, named, hashlib.sha256(names_from.read_bytes()).hexdigest())
    # The figures with names are of the names as they are fitted now: a new bundle has none yet.
    unfitted = Calibration(labels_sha256=labels.sha256, images=0, categories={}, names=names)
    bundle = with_calibration(bundle, unfitted)
    if overlay is not None:
        bundle = hear_labelled(lay_over(bundle, overlay), labels)
    seen = see(bundle, labels, precision=precision)
    fits = _fitted(seen)
    evaluation = _evaluation(seen, fits, names=False, calibrated=True)
    calibration = unfitted.model_copy(
        update={
            "images": len(seen.images),
            "precision": seen.precision,
            "categories": {category: fit.whole for category, fit in fits.items()},
            "metrics": _metrics(evaluation),
        }
    )
    replace_file(folder / CALIBRATION, (calibration.model_dump_json(indent=2) + "\n").encode())
    refresh_manifest(folder, seen.bundle.manifest, [CALIBRATION], calibrated=True)
    return evaluation


def _fitted(seen: Seen) -> dict[str, CategoryFit]:
    """Fit every category; raises LabelsError where labels name none, or too few of one to leave some out."""
    promising = _promising(seen.bundle.taxonomy)
    fits, labelled = {}, 0
    for category in seen.bundle.taxonomy.categories:
        images = seen.category(category)
        labelled += len(images.at)
        if len(images.at) and len(np.unique(images.folds[images.at])) < 2:
            raise LabelsError(
                f"Too few images are labelled in {category} ({len(images.at)}): label more, or leave its column empty."
            )
        fit = fit_by_game(images, promises=category == promising) if len(images.at) else unlabelled_fit(images)
        fits[category] = fit
    if not labelled:
        raise LabelsError("The labels name no tag of the bundle's taxonomy: their columns are named after categories.")
    return fits


def _promising(taxonomy: Taxonomy) -> str | None:
    """Return the category that says what a picture shows, whose tags exclude each other: of that a set is promised."""
    first = READING_ORDER[0]
    return first if first in taxonomy.categories and taxonomy.categories[first].exclusive else None


def _evaluation(seen: Seen, fits: Fits, *, names: bool, calibrated: bool) -> Evaluation:
    tags = {category: _tags(seen, category, fits[category], names=names) for category in fits}
    named = {category: _tags(seen, category, fits[category], names=True) for category in fits}
    judged = {}
    for category, spec in seen.bundle.taxonomy.categories.items():
        at = truth_of(seen.images, category, spec).images
        if len(at):
            judged[category] = Judged.of(tags[category], named[category], at)
    if not judged:
        raise LabelsError("The labels name no tag of the bundle's taxonomy: their columns are named after categories.")
    games = [image.game for image in seen.images]
    report = {
        category: report_of(part, seen.images) | {"candidates": set_report(tags[category], games)}
        for category, part in judged.items()
    }
    return Evaluation(
        report=report,
        published=published_report(tags, seen.images),
        judged=judged,
        tags=tags,
        images=seen.images,
        refused=tuple(category for category, fit in fits.items() if fit is not None and fit.whole.off),
        precision=seen.precision,
        calibrated=calibrated,
        bundle_id=seen.bundle.manifest.id,
    )


def _tags(seen: Seen, category: str, fit: CategoryFit | None, *, names: bool) -> CategoryTags:
    spec = seen.bundle.taxonomy.categories[category]
    evidence = seen.evidence[category] if names else seen.evidence[category].without_words()
    truth = truth_of(seen.images, category, spec)
    folds, shape = seen.folds(truth.images), (len(seen.images), len(spec.tags))
    confidences, bounds, members = np.zeros(shape), np.zeros(shape), np.zeros(shape, np.bool_)
    for fold in np.unique(folds):
        inside = folds == fold
        fitted: CategoryCalibration | None = fit.of(int(fold)) if fit else None
        confidences[inside] = judge(evidence.of(inside), exclusive=spec.exclusive, fitted=fitted)
        bounds[inside] = publication_bounds(spec, fitted)
        if fitted and fitted.promised:
            members[inside] = in_set(confidences[inside], fitted.promised.least_confidence)
    true, known = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
    true[truth.images], known[truth.images] = truth.tags, truth.known
    promises = fit is not None and fit.whole.promised is not None
    return CategoryTags(tuple(spec.tags), confidences, bounds, true, known, members if promises else None)


def _metrics(evaluation: Evaluation) -> dict[str, float]:
    return {
        f"{category}.{figure}": round(part[figure], 4)
        for category, part in evaluation.report.items()
        for figure in ("top1", "map", "ece", "precision_at_default", "precision_published", "recall_published")
        if not np.isnan(part[figure])
    }

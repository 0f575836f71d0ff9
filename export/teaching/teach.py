"""`aegis model calibrate --verdicts`: what people said becomes a correction in the bundle, where it proves itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from consumer.tagging.bundle.bundle import CALIBRATION, Bundle, BundleError, load_bundle
from consumer.tagging.bundle.calibration import Calibration
from consumer.tagging.bundle.taught import Correction, Gain, Taught
from consumer.tagging.bundle.teachable import Teachable
from consumer.tagging.scoring.lessons import Corrections, Lesson
from export.bundles.compile import refresh_manifest, replace_file
from export.teaching.correct import corrected, fit_corrections, log_loss
from export.teaching.judgements import Judgements, judgements

Array = NDArray[np.float64]
SURE: Final = 0.7
# With fewer, parts of them say nothing of the rest.
LEAST_ASSETS: Final = 10
# A loss that is lower by less than this may as well be chance.
_WORTH_TEACHING: Final = 0.98
_Z: Final = 1.96


class NothingTaughtError(ValueError):
    """No category has learned anything; one sentence says why."""


@dataclass(frozen=True, slots=True)
class CategoryLesson:
    """How a category did on assets left out, and so whether it was taught; top1 where its tags exclude each other."""

    assets: int
    taught: bool
    loss_before: float
    loss_after: float
    top1_before: float | None
    top1_after: float | None


@dataclass(frozen=True, slots=True)
class Teaching:
    """What the bundle learned, and each category's part of it; ``few``: assets of the categories with too few."""

    taught: Taught
    categories: dict[str, CategoryLesson]
    few: dict[str, int]


def teach(bundle: Bundle, lessons: Sequence[Lesson]) -> Teaching:
    """Fit corrections on all lessons, and keep those that predict lessons left out better than the bundle does.

    What an earlier teaching had put into the bundle is replaced. Raises NothingTaughtError.
    """
    judged = judgements(bundle, lessons)
    few = {category: len(part.folds) for category, part in judged.items() if not _is_enough(part)}
    parts = {category: part for category, part in judged.items() if category not in few}
    after = {category: left_out(part) for category, part in parts.items()}
    found = {category: _lesson(part, after[category]) for category, part in parts.items()}
    learned = {category: parts[category] for category, lesson in found.items() if lesson.taught}
    if not learned:
        raise NothingTaughtError(_why_nothing(found, few))
    after = {category: after[category] if category in learned else part.confidences for category, part in parts.items()}
    taught = Taught(
        verdicts=sum(map(Teachable.of(bundle).count, (lesson.said for lesson in lessons))),
        assets=len(lessons),
        gain=_gain(parts, after),
        categories={category: _stored(part.names, fit_corrections(part)) for category, part in learned.items()},
    )
    return Teaching(taught, found, few)


def teach_bundle(bundle: Bundle, lessons: Sequence[Lesson]) -> Teaching:
    """Teach the bundle, and write what it learned into the calibration in its folder; raises as :func:`teach`."""
    calibration = _calibration(bundle)
    teaching = teach(bundle, lessons)
    _write(bundle, calibration.model_copy(update={"taught": teaching.taught}))
    return teaching


def forget(folder: Path) -> bool:
    """Take what verdicts taught out of the bundle in `folder`; False: there was nothing. Raises BundleError."""
    bundle = load_bundle(folder)
    calibration = _calibration(bundle)
    if calibration.taught is None:
        return False
    _write(bundle, calibration.model_copy(update={"taught": None}))
    return True


def left_out(judged: Judgements) -> Array:
    """Return each asset's confidences after the assets of all other folds have taught."""
    confidences = judged.confidences.copy()
    for fold in np.unique(judged.folds):
        inside = judged.folds == fold
        part = judged.of(inside)
        confidences[inside] = corrected(part, fit_corrections(judged.of(~inside)).log_odds(part.embeddings))
    return confidences


def _is_enough(judged: Judgements) -> bool:
    return len(judged.folds) >= LEAST_ASSETS and len(np.unique(judged.folds)) > 1 and bool(judged.taught.any())


def _lesson(judged: Judgements, after: Array) -> CategoryLesson:
    loss_before, loss_after = log_loss(judged, judged.confidences), log_loss(judged, after)
    return CategoryLesson(
        assets=len(judged.folds),
        taught=loss_after < loss_before * _WORTH_TEACHING,
        loss_before=loss_before,
        loss_after=loss_after,
        top1_before=_top1(judged, judged.confidences),
        top1_after=_top1(judged, after),
    )


def _top1(judged: Judgements, confidences: Array) -> float | None:
    settled = judged.right.any(axis=1)
    if not judged.is_exclusive or not settled.any():
        return None
    return float(judged.right[settled, confidences[settled].argmax(axis=1)].mean())


def _gain(parts: Mapping[str, Judgements], after: Mapping[str, Array]) -> Gain:
    before_right, before_said = _sure(parts, {category: part.confidences for category, part in parts.items()})
    right, said = _sure(parts, after)
    if not said:
        return Gain(before=before_right / before_said if before_said else None, after=None, error=None)
    share, weight = right / said, _Z**2 / said
    error = _Z * np.sqrt(share * (1 - share) / said + weight / (4 * said)) / (1 + weight)
    before = round(before_right / before_said, 4) if before_said else None
    return Gain(before=before, after=round(share, 4), error=round(float(error), 4))


def _sure(parts: Mapping[str, Judgements], confidences: Mapping[str, Array]) -> tuple[int, int]:
    """Return how many judged tags of 0.7 and more are right, and how many there are."""
    right = said = 0
    for category, part in parts.items():
        sure = (confidences[category] >= SURE) & part.known
        right, said = right + int((sure & part.right).sum()), said + int(sure.sum())
    return right, said


def _stored(names: Sequence[str], fitted: Corrections) -> dict[str, Correction]:
    return {
        name: Correction.of(float(bias), weights)
        for name, weights, bias in zip(names, fitted.weights, fitted.biases, strict=True)
        if weights.any()
    }


def _why_nothing(found: Mapping[str, CategoryLesson], few: Mapping[str, int]) -> str:
    if not found and not few:
        return "The verdicts are on no tag of the bundle's taxonomy: nothing can be learned of them"
    reasons = [
        f"{category} has {count} reviewed assets, and {LEAST_ASSETS} of different images are needed"
        for category, count in few.items()
    ]
    reasons += [f"{category} predicts assets left out no better than before" for category in found]
    return f"The verdicts taught nothing, and the bundle is as it was: {'; '.join(reasons)}"


def _calibration(bundle: Bundle) -> Calibration:
    if bundle.calibration is None:
        raise BundleError(
            f"The bundle {bundle.path} is uncalibrated, and verdicts correct confidences: run `aegis model calibrate` "
            "with --labels and --images first."
        )
    return bundle.calibration


def _write(bundle: Bundle, calibration: Calibration) -> None:
    replace_file(bundle.path / CALIBRATION, (calibration.model_dump_json(indent=2) + "\n").encode())
    refresh_manifest(bundle.path, bundle.manifest, [CALIBRATION], calibrated=True)

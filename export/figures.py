"""Figures for judged tags: accuracy, average precision, calibration error. Pure numpy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Truth = NDArray[np.bool_]
Scores = NDArray[np.floating]


def top1(scores: Scores, truth: Truth) -> float:
    """Return the share of images whose highest tag is among the true ones. [n, tags] both."""
    return float(truth[np.arange(len(truth)), scores.argmax(axis=1)].mean())


def average_precision(scores: Scores, truth: Truth) -> float:
    """Return average precision of one tag, [n] both; nan without a positive."""
    if not truth.any():
        return float("nan")
    hits = truth[np.argsort(-scores, kind="stable")]
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    return float(precision[hits].mean())


def mean_average_precision(scores: Scores, truth: Truth) -> float:
    """Return the mean over tags that have a positive."""
    each = [average_precision(scores[:, tag], truth[:, tag]) for tag in range(truth.shape[1]) if truth[:, tag].any()]
    return float(np.mean(each)) if each else float("nan")


def calibration_error(probabilities: Scores, truth: Truth, bins: int = 15) -> float:
    """Return the expected calibration error over all (image, tag) pairs, equal-width bins."""
    flat, right = probabilities.ravel(), truth.ravel()
    place = np.minimum((flat * bins).astype(int), bins - 1)
    error = 0.0
    for at in range(bins):
        inside = place == at
        if inside.any():
            error += float(inside.mean()) * abs(float(flat[inside].mean()) - float(right[inside].mean()))
    return error


def brier(probabilities: Scores, truth: Truth) -> float:
    return float(((probabilities - truth) ** 2).mean())


def precision_recall(probabilities: Scores, truth: Truth, threshold: float) -> tuple[float, float, int]:
    """Return precision (nan when nothing is said), recall and how many tags are said at `threshold`."""
    said = probabilities >= threshold
    right = int((said & truth).sum())
    count = int(said.sum())
    return (right / count if count else float("nan")), right / max(1, int(truth.sum())), count

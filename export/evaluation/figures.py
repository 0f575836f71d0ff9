"""Figures for judged tags: accuracy, average precision, calibration error. Pure numpy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Truth = NDArray[np.bool_]
Scores = NDArray[np.floating]


def top1(scores: Scores, truth: Truth) -> float:
    """Return the share of images whose highest tag is among the true ones, of those that have one. [n, tags] both."""
    labelled = truth.any(axis=1)
    if not labelled.any():
        return float("nan")
    return float(truth[labelled][np.arange(int(labelled.sum())), scores[labelled].argmax(axis=1)].mean())


def average_precision(scores: Scores, truth: Truth) -> float:
    """Return average precision of one tag, [n] both; nan without a positive."""
    if not truth.any():
        return float("nan")
    hits = truth[np.argsort(-scores, kind="stable")]
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    return float(precision[hits].mean())


def mean_average_precision(scores: Scores, truth: Truth, known: Truth | None = None) -> float:
    """Return the mean over tags that have a positive; pairs that are not `known` are left out."""
    known = np.ones_like(truth) if known is None else known
    each = [
        average_precision(scores[known[:, tag], tag], truth[known[:, tag], tag])
        for tag in range(truth.shape[1])
        if truth[known[:, tag], tag].any()
    ]
    return float(np.mean(each)) if each else float("nan")


def calibration_error(probabilities: Scores, truth: Truth, bins: int = 15) -> float:
    """Return the expected calibration error over all (image, tag) pairs, equal-width bins."""
    return sum(share * abs(said - right) for share, said, right in reliability(probabilities, truth, bins))


def reliability(probabilities: Scores, truth: Truth, bins: int = 15) -> list[tuple[float, float, float]]:
    """Return, of each bin that is not empty, its share of the pairs, its mean confidence and the share that is true."""
    flat, right = probabilities.ravel(), truth.ravel()
    place = np.minimum((flat * bins).astype(int), bins - 1)
    points = []
    for at in range(bins):
        inside = place == at
        if inside.any():
            points.append((float(inside.mean()), float(flat[inside].mean()), float(right[inside].mean())))
    return points


def brier(probabilities: Scores, truth: Truth) -> float:
    return float(((probabilities - truth) ** 2).mean())


def precision_recall(probabilities: Scores, truth: Truth, threshold: float | Scores) -> tuple[float, float, int]:
    """Return precision (nan when nothing is said), recall (nan without a positive) and how many tags are said."""
    said = probabilities >= threshold
    right, count, positives = int((said & truth).sum()), int(said.sum()), int(truth.sum())
    return (right / count if count else float("nan")), (right / positives if positives else float("nan")), count

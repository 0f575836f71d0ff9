"""Fitting of corrections: a regularised logistic regression on the embeddings, on top of what the bundle says.

Its strength was measured with `python -m benchmarks.reviewing.teaching`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from consumer.tagging.scoring.lessons import Corrections
from export.evaluation.calibrate import descend
from export.teaching.judgements import Judgements

Array = NDArray[np.float64]
# Pulls towards what the bundle says without verdicts, in images: of a tag's bias, and of its weights.
_BIAS_PRIOR: Final = 2.0
_WEIGHT_PRIOR: Final = 0.3
_STEPS: Final = 300
_LEAST: Final = 1e-6


@dataclass(frozen=True, slots=True)
class _Space:
    """Embeddings as the fit sees them: around their mean, of length one on average."""

    mean: Array
    scale: float

    @classmethod
    def of(cls, embeddings: Array) -> _Space:
        mean = embeddings.mean(axis=0)
        return cls(mean, float(np.sqrt(((embeddings - mean) ** 2).sum(axis=1).mean())) or 1.0)

    def inside(self, embeddings: Array) -> Array:
        placed: Array = (embeddings - self.mean) / self.scale
        return placed

    def outside(self, weights: Array, biases: Array) -> Corrections:
        scaled = weights / self.scale
        return Corrections(scaled, biases - scaled @ self.mean)


def fit_corrections(judged: Judgements) -> Corrections:
    """Fit a bias and weights for each tag that verdicts can correct; zero for all others."""
    space = _Space.of(judged.embeddings)
    placed, shape = space.inside(judged.embeddings), (len(judged.names), judged.embeddings.shape[1])
    residuals = _of_shares if judged.is_exclusive else _of_each
    count = len(judged.confidences)

    def gradient(values: Array) -> Array:
        biases, weights = values[: shape[0]], values[shape[0] :].reshape(shape)
        difference = residuals(judged, placed @ weights.T + biases) * judged.taught
        by_weight = difference.T @ placed + _WEIGHT_PRIOR * weights
        return np.concatenate([difference.sum(axis=0) + _BIAS_PRIOR * biases, by_weight.ravel()])

    values = descend(gradient, np.zeros(shape[0] * (shape[1] + 1)), count, _STEPS)
    return space.outside(values[shape[0] :].reshape(shape), values[: shape[0]])


def corrected(judged: Judgements, gained: Array) -> Array:
    """Return the confidences [n, A] after tags gained so much in log-odds, as the scorer gives them."""
    if judged.is_exclusive:
        return _shares(judged.confidences, gained)
    bounded = np.clip(judged.confidences, _LEAST, 1 - _LEAST)
    confidences: Array = 1 / (1 + np.exp(-(np.log(bounded / (1 - bounded)) + gained)))
    return confidences


def log_loss(judged: Judgements, confidences: Array) -> float:
    """Return the mean negative log-likelihood of what people said."""
    bounded = np.clip(confidences, 1e-4, 1 - 1e-4)
    each = np.where(judged.right, np.log(bounded), np.log(1 - bounded))
    return float(-each[judged.known].mean())


def _of_shares(judged: Judgements, gained: Array) -> Array:
    """Return confidences less their targets: the right tags; of an asset that has none yet, all but the wrong ones."""
    shares = _shares(judged.confidences, gained)
    count = judged.right.sum(axis=1, keepdims=True)
    left = np.clip(1 - (shares * judged.wrong).sum(axis=1, keepdims=True), _LEAST, None)
    target = np.where(count > 0, judged.right / np.maximum(count, 1), np.where(judged.wrong, 0, shares / left))
    difference: Array = shares - target
    return difference


def _of_each(judged: Judgements, gained: Array) -> Array:
    difference: Array = (corrected(judged, gained) - judged.right) * judged.known
    return difference


def _shares(confidences: Array, gained: Array) -> Array:
    weighed = np.clip(confidences, _LEAST, 1) * np.exp(np.clip(gained, -30, 30))
    none = np.clip(1 - confidences.sum(axis=1, keepdims=True), _LEAST, 1)
    shares: Array = weighed / (weighed.sum(axis=1, keepdims=True) + none)
    return shares

"""Fitting of `calibration.json` on labelled images, on the similarities that the served path gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from consumer.tagging.calibration import CategoryCalibration, Platt, SharedScale
from consumer.tagging.scoring import exclusive_probabilities, log_sum_exp, margins_over

Array = NDArray[np.float64]
Truth = NDArray[np.bool_]
# Pull of each bias towards its category's, in images: a tag with few labels keeps close to the rest.
_PRIOR_IMAGES = 4.0


@dataclass(frozen=True, slots=True)
class Similarities:
    """Scaled similarities of n images to a category's tags [n, T] and background prompts [n, B]."""

    names: tuple[str, ...]
    tags: Array
    background: Array

    def of(self, images: NDArray[np.bool_]) -> Similarities:
        return Similarities(self.names, self.tags[images], self.background[images])


def fit_exclusive(seen: Similarities, truth: Truth) -> CategoryCalibration:
    """Fit temperature and biases of a softmax category; truth [n, T]."""
    tags, background = seen.tags, seen.background
    target = np.concatenate([truth / truth.sum(1, keepdims=True), np.zeros((len(truth), 1))], axis=1)

    def gradient(values: Array) -> Array:
        inverse, bias = np.exp(values[0]), values[1:]
        none = log_sum_exp(background * inverse)
        logits = np.concatenate([tags * inverse, none[:, None]], axis=1) + bias
        soft = np.exp(logits - logits.max(1, keepdims=True))
        soft /= soft.sum(1, keepdims=True)
        difference = soft - target
        weights = np.exp(background * inverse - none[:, None])
        none_slope = (weights * background).sum(1) * inverse
        slope = np.concatenate([tags * inverse, none_slope[:, None]], axis=1)
        return np.concatenate([[(difference * slope).sum()], difference.sum(0) + _PRIOR_IMAGES * bias])

    values = _descend(gradient, np.zeros(tags.shape[1] + 2), len(truth))
    return CategoryCalibration(
        shared=SharedScale(
            temperature=_rounded(np.exp(-values[0])),
            bias={name: _rounded(value) for name, value in zip(seen.names, values[1:-1], strict=True)},
            background_bias=_rounded(values[-1]),
        )
    )


def fit_independent(seen: Similarities, truth: Truth) -> CategoryCalibration:
    """Fit one slope for the category and a bias per tag, shrunk towards the category's; truth [n, T]."""
    margins = margins_over(seen.tags, seen.background)
    spread = float(margins.std()) or 1.0
    scaled = margins / spread

    def gradient(values: Array) -> Array:
        slope, common, own = np.exp(values[0]), values[1], values[2:]
        difference = 1 / (1 + np.exp(-(slope * scaled + common + own))) - truth
        by_tag = difference.sum(0)
        return np.concatenate([[(difference * scaled).sum() * slope], [by_tag.sum()], by_tag + _PRIOR_IMAGES / 4 * own])

    values = _descend(gradient, np.zeros(truth.shape[1] + 2), truth.size)
    slope = float(np.exp(values[0])) / spread
    return CategoryCalibration(
        tags={
            name: Platt(slope=_rounded(slope), bias=_rounded(values[1] + own))
            for name, own in zip(seen.names, values[2:], strict=True)
        }
    )


def apply(fitted: CategoryCalibration, seen: Similarities) -> Array:
    """Return the confidences [n, T] that the scorer would give, pixel evidence aside."""
    if fitted.shared is not None:
        bias = np.array([fitted.shared.bias.get(name, 0.0) for name in seen.names])
        return exclusive_probabilities(seen.tags, seen.background, fitted.shared, bias)
    slope = np.array([fitted.tags[name].slope for name in seen.names])
    bias = np.array([fitted.tags[name].bias for name in seen.names])
    confidences: Array = 1 / (1 + np.exp(-(slope * margins_over(seen.tags, seen.background) + bias)))
    return confidences


Fit = Callable[[Similarities, Truth], CategoryCalibration]


def cross_fitted(fit: Fit, seen: Similarities, truth: Truth, folds: NDArray[np.intp]) -> Array:
    """Return confidences [n, T] in which no image judged its own calibration; `folds` [n] gives each image's part."""
    confidences = np.zeros(truth.shape)
    for fold in np.unique(folds):
        inside = folds == fold
        confidences[inside] = apply(fit(seen.of(~inside), truth[~inside]), seen.of(inside))
    return confidences


def _descend(gradient: Callable[[Array], Array], start: Array, count: int, steps: int = 1500) -> Array:
    """Minimise by Adam: the problems are small, smooth and nearly convex."""
    values, first, second = start.copy(), np.zeros_like(start), np.zeros_like(start)
    for step in range(1, steps + 1):
        slope = gradient(values) / count
        first = 0.9 * first + 0.1 * slope
        second = 0.999 * second + 0.001 * slope**2
        rate = 0.05 * min(1.0, 2 * (1 - step / (steps + 1)))
        values -= rate * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-12)
    return values


def _rounded(value: float) -> float:
    return round(float(value), 5)

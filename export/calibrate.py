"""Fitting of `calibration.json` on labelled images, on the evidence that the served path gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from consumer.tagging.calibration import CategoryCalibration, Platt, SharedScale
from consumer.tagging.judging import (
    Evidence,
    gate_log_odds,
    judge,
    log_sum_exp,
    only_tested,
    pixel_log_odds,
    scaled_margins,
    shares_of_pixels,
    unspoken,
)

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
# Pull of each bias towards its category's, in images: a tag with few labels keeps close to the rest.
_PRIOR_IMAGES: Final = 4.0
_CHOICES: Final = ("clip+pixels", "clip", "pixels")


@dataclass(frozen=True, slots=True)
class Labelled:
    """What is fitted on: evidence, truth and what of it is known, [n, A] each."""

    seen: Evidence
    truth: Flags
    known: Flags

    def of(self, images: Flags) -> Labelled:
        return Labelled(self.seen.of(images), self.truth[images], self.known[images])


def fit_category(labelled: Labelled, *, exclusive: bool, folds: NDArray[np.intp]) -> CategoryCalibration:
    """Fit a category with each kind of evidence, and return the fit of the kind that judges left-out folds best.

    Names are no part of it: what they are worth is fitted apart, on names.
    """
    options = [choice for choice in _CHOICES if _is_option(choice, labelled.seen)]
    losses = {}
    for choice in options if len(options) > 1 else []:
        confidences = cross_fitted(labelled, folds, exclusive=exclusive, choice=choice)
        losses[choice] = log_loss(confidences, labelled)
    best = min(losses, key=lambda choice: losses[choice]) if losses else options[0]
    return fit_with(labelled, exclusive=exclusive, choice=best)


def fit_with(labelled: Labelled, *, exclusive: bool, choice: str) -> CategoryCalibration:
    """Fit a category with the evidence that `choice` names."""
    return (fit_exclusive if exclusive else fit_independent)(labelled, choice)


def cross_fitted(labelled: Labelled, folds: NDArray[np.intp], *, exclusive: bool, choice: str) -> Array:
    """Return confidences [n, A] in which no image judged its own calibration; `folds` [n] gives each image's part."""
    confidences = np.zeros(labelled.truth.shape)
    for fold in np.unique(folds):
        inside = folds == fold
        if inside.all():
            raise ValueError("cross-fitting needs at least two folds: label more images, or more games")
        fitted = fit_with(labelled.of(~inside), exclusive=exclusive, choice=choice)
        confidences[inside] = judge(labelled.seen.of(inside), exclusive=exclusive, fitted=fitted)
    return confidences


def log_loss(confidences: Array, labelled: Labelled) -> float:
    """Return the mean negative log-likelihood of what is known."""
    bounded = np.clip(confidences, 1e-4, 1 - 1e-4)
    each = np.where(labelled.truth, np.log(bounded), np.log(1 - bounded))
    return float(-each[labelled.known].mean())


def fit_exclusive(labelled: Labelled, choice: str) -> CategoryCalibration:
    """Fit the gate of the tags that only tests know, then temperature, weight and biases of the rest."""
    tested = only_tested(labelled.seen)
    gate, gate_bias = _fit_gate(labelled, tested)
    inside = np.asarray(labelled.truth[:, ~tested].any(axis=1))
    rest = _fit_rest(labelled.of(inside), tested, choice)
    names = np.array(labelled.seen.names)
    shared = rest.model_copy(
        update={"gate": gate, "bias": rest.bias | dict(zip(names[tested].tolist(), gate_bias, strict=True))}
    )
    return CategoryCalibration(evidence=choice, images=len(labelled.truth), shared=shared)


def _fit_gate(labelled: Labelled, tested: Flags) -> tuple[float, list[float]]:
    odds, count = gate_log_odds(labelled.seen, tested), int(tested.sum())
    if not count or not labelled.truth[:, tested].any():
        return 1.0, [0.0] * count
    truth = labelled.truth[:, tested]
    target = np.concatenate([truth, ~truth.any(axis=1, keepdims=True)], axis=1).astype(np.float64)
    seldom = truth.any(axis=0)

    def gradient(values: Array) -> Array:
        weight, bias = np.exp(values[0]), values[1:]
        logits = np.concatenate([weight * odds + bias, np.zeros((len(odds), 1))], axis=1)
        difference = (_softmax(logits) - target)[:, :count]
        # A tag without labels keeps what its test says.
        return np.concatenate([[(difference * odds)[:, seldom].sum() * weight], (difference.sum(0) + bias) * seldom])

    values = descend(gradient, np.zeros(count + 1), len(odds))
    return _rounded(np.exp(values[0])), [_rounded(value) for value in values[1:]]


def _fit_rest(labelled: Labelled, tested: Flags, choice: str) -> SharedScale:
    seen, truth = labelled.seen, labelled.truth[:, ~tested]
    clip, tests = float("clip" in choice), float("pixels" in choice)
    tags, background = seen.tags[:, ~tested], seen.background
    pixels = shares_of_pixels(seen, tested) * tests
    target = np.concatenate([truth / truth.sum(1, keepdims=True), np.zeros((len(truth), 1))], axis=1)
    count = truth.shape[1]

    def gradient(values: Array) -> Array:
        inverse, weight, bias = np.exp(values[0]), np.exp(values[1]), values[2:]
        none = log_sum_exp(background * inverse)[:, None]
        margin = (tags * inverse - none) * clip
        difference = _softmax(np.concatenate([margin + weight * pixels, np.zeros_like(none)], axis=1) + bias) - target
        pull = (np.exp(background * inverse - none) * background).sum(1, keepdims=True)
        slope = difference[:, :count] * (tags - pull) * clip
        heavier = (difference[:, :count] * pixels).sum() * weight
        return np.concatenate([[slope.sum() * inverse], [heavier], difference.sum(0) + _PRIOR_IMAGES * bias])

    values = descend(gradient, np.zeros(count + 3), max(1, len(truth)))
    names = np.array(seen.names)[~tested].tolist()
    return SharedScale(
        temperature=_rounded(np.exp(-values[0])) if clip else 1.0,
        clip=clip,
        pixels=_rounded(np.exp(values[1])) if tests else 0.0,
        bias={name: _rounded(value) for name, value in zip(names, values[2:-1], strict=True)},
        background_bias=_rounded(values[-1]),
    )


def _softmax(logits: Array) -> Array:
    shares = np.exp(logits - logits.max(1, keepdims=True))
    softmax: Array = shares / shares.sum(1, keepdims=True)
    return softmax


def fit_independent(labelled: Labelled, choice: str) -> CategoryCalibration:
    """Fit a slope and a weight of the pixel tests for the category; a bias per tag, shrunk to the category's."""
    seen, truth, known = labelled.seen, labelled.truth, labelled.known
    clip, tests = float("clip" in choice), float("pixels" in choice)
    margins = np.nan_to_num(scaled_margins(seen)) * clip
    spread = float(margins.std()) or 1.0
    scaled, pixels, fixed = margins / spread, pixel_log_odds(seen) * tests, unspoken(seen)

    def gradient(values: Array) -> Array:
        slope, weight, common, own = np.exp(values[0]), np.exp(values[1]), values[2], values[3:]
        logits = slope * scaled + weight * pixels + common + own + fixed
        difference = (1 / (1 + np.exp(-np.clip(logits, -60, 60))) - truth) * known
        by_tag = difference.sum(0)
        return np.concatenate(
            [
                [(difference * scaled).sum() * slope],
                [(difference * pixels).sum() * weight],
                [by_tag.sum()],
                by_tag + _PRIOR_IMAGES / 4 * own,
            ]
        )

    start = np.zeros(truth.shape[1] + 3)
    values = descend(gradient, start, max(1, int(known.sum())))
    default = Platt(
        slope=_rounded(np.exp(values[0]) / spread) if clip else 0.0,
        pixels=_rounded(np.exp(values[1])) if tests else 0.0,
        bias=_rounded(values[2]),
    )
    own = {
        name: default.model_copy(update={"bias": _rounded(values[2] + value)})
        for name, value in zip(seen.names, values[3:], strict=True)
    }
    return CategoryCalibration(evidence=choice, images=len(truth), tags=own, default=default)


def without_words(labelled: Labelled) -> Labelled:
    return replace(labelled, seen=labelled.seen.without_words())


def descend(gradient: Callable[[Array], Array], start: Array, count: int, steps: int = 800) -> Array:
    """Minimise by Adam: the problems are small, smooth and nearly convex."""
    values, first, second = start.copy(), np.zeros_like(start), np.zeros_like(start)
    for step in range(1, steps + 1):
        slope = gradient(values) / count
        first = 0.9 * first + 0.1 * slope
        second = 0.999 * second + 0.001 * slope**2
        rate = 0.05 * min(1.0, 2 * (1 - step / (steps + 1)))
        values -= rate * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-12)
    return values


def _is_option(choice: str, seen: Evidence) -> bool:
    """Tell whether there is such evidence, and more than the tests that always speak for their own tags."""
    has_clip = not np.isnan(seen.tags).all()
    has_pixels = not np.isnan(seen.pixels[:, ~only_tested(seen)] if has_clip else seen.pixels).all()
    return ("clip" not in choice or has_clip) and ("pixels" not in choice or has_pixels)


def _rounded(value: float) -> float:
    return round(float(value), 5)

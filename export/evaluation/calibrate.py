"""Fitting of `calibration.json` on labelled images, on the evidence that the served path gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from consumer.tagging.bundle.calibration import CategoryCalibration, Platt, SharedScale
from consumer.tagging.scoring.probabilities import (
    Evidence,
    gate_log_odds,
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
_AS_TESTED: Final = Platt(slope=0, pixels=1, bias=0)
CHOICES: Final = ("clip+pixels", "clip", "pixels")


@dataclass(frozen=True, slots=True)
class Form:
    """What a category is fitted with: the evidence that `choice` names, and a bias for each tag or one for all."""

    choice: str
    own_biases: bool = True


@dataclass(frozen=True, slots=True)
class Labelled:
    """What is fitted on: evidence, truth and what of it is known, [n, A] each; `weights` [n] of mean 1."""

    seen: Evidence
    truth: Flags
    known: Flags
    weights: Array

    @classmethod
    def of_games(cls, seen: Evidence, truth: Flags, known: Flags, games: NDArray[np.intp]) -> Labelled:
        """Let a game of many images weigh more than one of few, but not in proportion: they are alike."""
        return cls(seen, truth, known, game_weights(games))

    def of(self, images: Flags) -> Labelled:
        kept = self.weights[images]
        return Labelled(self.seen.of(images), self.truth[images], self.known[images], kept / max(kept.mean(), 1e-9))


def game_weights(games: NDArray[np.intp]) -> Array:
    """Return [n] of mean 1, in proportion to one over the root of the images of each image's game."""
    _, place, counts = np.unique(games, return_inverse=True, return_counts=True)
    weights = 1 / np.sqrt(counts[place])
    normalised: Array = weights * len(weights) / max(weights.sum(), 1e-9)
    return normalised


def fit_with(labelled: Labelled, *, exclusive: bool, form: Form) -> CategoryCalibration:
    """Fit a category in one form. Names are no part of it: what they are worth is fitted apart, on names."""
    return (fit_exclusive if exclusive else fit_independent)(labelled, form)


def forms_of(seen: Evidence) -> list[Form]:
    """Return the forms in which a category of such evidence can be fitted, the simpler of two first."""
    choices = [choice for choice in CHOICES if _is_option(choice, seen)]
    return [Form(choice, own_biases) for own_biases in (False, True) for choice in choices]


def fit_exclusive(labelled: Labelled, form: Form) -> CategoryCalibration:
    """Fit the gate of the tags that only tests know, then temperature, weight and biases of the rest."""
    tested = only_tested(labelled.seen)
    gate, gate_bias = _fit_gate(labelled, tested)
    inside = np.asarray(labelled.truth[:, ~tested].any(axis=1))
    rest = _fit_rest(labelled.of(inside), tested, form)
    names = np.array(labelled.seen.names)
    shared = rest.model_copy(
        update={"gate": gate, "bias": rest.bias | dict(zip(names[tested].tolist(), gate_bias, strict=True))}
    )
    return CategoryCalibration(
        evidence=form.choice, own_biases=form.own_biases, images=len(labelled.truth), shared=shared
    )


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
        difference = (_softmax(logits) - target)[:, :count] * labelled.weights[:, None]
        # A tag without labels keeps what its test says.
        return np.concatenate([[(difference * odds)[:, seldom].sum() * weight], (difference.sum(0) + bias) * seldom])

    values = descend(gradient, np.zeros(count + 1), len(odds))
    return rounded(np.exp(values[0])), [rounded(value) for value in values[1:]]


def _fit_rest(labelled: Labelled, tested: Flags, form: Form) -> SharedScale:
    evidence, truth, weights = labelled.seen, labelled.truth[:, ~tested], labelled.weights[:, None]
    clip, tests = float("clip" in form.choice), float("pixels" in form.choice)
    tags, background = evidence.tags[:, ~tested], evidence.background
    pixels = shares_of_pixels(evidence, tested) * tests
    target = np.concatenate([truth / truth.sum(1, keepdims=True), np.zeros((len(truth), 1))], axis=1)
    count = truth.shape[1]
    # Without biases of their own the tags share that of the background.
    has_bias = np.append(np.full(count, float(form.own_biases)), 1.0)

    def gradient(values: Array) -> Array:
        inverse, weight, bias = np.exp(values[0]), np.exp(values[1]), values[2:]
        none = log_sum_exp(background * inverse)[:, None]
        margin = (tags * inverse - none) * clip
        shares = _softmax(np.concatenate([margin + weight * pixels, np.zeros_like(none)], axis=1) + bias)
        difference = (shares - target) * weights
        pull = (np.exp(background * inverse - none) * background).sum(1, keepdims=True)
        slope = difference[:, :count] * (tags - pull) * clip
        heavier = (difference[:, :count] * pixels).sum() * weight
        pulled = (difference.sum(0) + _PRIOR_IMAGES * bias) * has_bias
        return np.concatenate([[slope.sum() * inverse], [heavier], pulled])

    values = descend(gradient, np.zeros(count + 3), max(1, len(truth)))
    names = np.array(evidence.names)[~tested].tolist()
    return SharedScale(
        temperature=rounded(np.exp(-values[0])) if clip else 1.0,
        clip=clip,
        pixels=rounded(np.exp(values[1])) if tests else 0.0,
        bias={name: rounded(value) for name, value in zip(names, values[2:-1], strict=True)},
        background_bias=rounded(values[-1]),
    )


def _softmax(logits: Array) -> Array:
    shares = np.exp(logits - logits.max(1, keepdims=True))
    softmax: Array = shares / shares.sum(1, keepdims=True)
    return softmax


def fit_independent(labelled: Labelled, form: Form) -> CategoryCalibration:
    """Fit a slope and a weight of the pixel tests for the category; a bias per tag, shrunk to the category's.

    A tag that only a test knows, among tags of the embedding, keeps what its test says.
    """
    evidence, truth = labelled.seen, labelled.truth
    tested = only_tested(evidence)
    kept = tested & ~tested.all() & ~np.isnan(evidence.pixels).all(axis=0)
    judgeable = labelled.known * labelled.weights[:, None] * ~kept
    clip, tests = float("clip" in form.choice), float("pixels" in form.choice)
    margins = np.nan_to_num(scaled_margins(evidence)) * clip
    spread = float(margins.std()) or 1.0
    scaled, pixels, fixed = margins / spread, pixel_log_odds(evidence) * tests, unspoken(evidence)

    def gradient(values: Array) -> Array:
        slope, weight, common, own = np.exp(values[0]), np.exp(values[1]), values[2], values[3:]
        logits = slope * scaled + weight * pixels + common + own + fixed
        difference = (1 / (1 + np.exp(-np.clip(logits, -60, 60))) - truth) * judgeable
        by_tag = difference.sum(0)
        return np.concatenate(
            [
                [(difference * scaled).sum() * slope],
                [(difference * pixels).sum() * weight],
                [by_tag.sum()],
                (by_tag + _PRIOR_IMAGES / 4 * own) * form.own_biases,
            ]
        )

    start = np.zeros(truth.shape[1] + 3)
    values = descend(gradient, start, max(1, int(judgeable.sum())))
    default = Platt(
        slope=rounded(np.exp(values[0]) / spread) if clip else 0.0,
        pixels=rounded(np.exp(values[1])) if tests else 0.0,
        bias=rounded(values[2]),
    )
    own = {
        name: _AS_TESTED if as_tested else default.model_copy(update={"bias": rounded(values[2] + value)})
        for name, value, as_tested in zip(evidence.names, values[3:], kept.tolist(), strict=True)
    }
    return CategoryCalibration(
        evidence=form.choice, own_biases=form.own_biases, images=len(truth), tags=own, default=default
    )


def frequencies(labelled: Labelled) -> Array:
    """Return how often each tag is true where that is known, [A]; between 0 and 1, whatever is labelled."""
    weights = labelled.known * labelled.weights[:, None]
    rates: Array = ((labelled.truth * weights).sum(0) + 0.5) / (weights.sum(0) + 1)
    return rates


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


def rounded(value: float) -> float:
    return round(float(value), 5)

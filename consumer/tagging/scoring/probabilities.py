"""From evidence to probabilities, for many images at once: what the scorer does, and calibration fits. Pure numpy."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from consumer.tagging.bundle.calibration import CategoryCalibration, Platt, SharedScale

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

# A tag that neither picture nor pixels speak for is so rare without a name that says it.
_NAMED_ONLY: Final = -4.0
_LEAST: Final = 1e-4
# No verdict makes a tag surer than this, in log-odds.
_MOST_TAUGHT: Final = 12.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """What n images give for the A tags of a category, in the order of `names`.

    `tags` [n, A] and `background` [n, B] are similarities times the model's own scale; `pixels` [n, A] probabilities by
    pixel tests; both nan for a tag that they do not speak for. `words` [n, A] are log-likelihood ratios of names, and
    `taught` [n, A] log-odds that people's verdicts taught; None: nothing was.
    """

    names: tuple[str, ...]
    tags: Array
    background: Array
    pixels: Array
    words: Array
    taught: Array | None = None

    def of(self, images: Flags) -> Evidence:
        taught = None if self.taught is None else self.taught[images]
        return Evidence(
            self.names, self.tags[images], self.background[images], self.pixels[images], self.words[images], taught
        )

    def without_words(self) -> Evidence:
        return replace(self, words=np.zeros_like(self.words))

    @property
    def beside_picture(self) -> Array:
        """The log-odds [n, A] that multiply what picture and pixels say."""
        return self.words if self.taught is None else self.words + np.clip(self.taught, -_MOST_TAUGHT, _MOST_TAUGHT)


def judge(seen: Evidence, *, exclusive: bool, fitted: CategoryCalibration | None) -> Array:
    """Return the confidences [n, A]; without fitted numbers the model's own scale is used as it is."""
    if exclusive:
        shared = fitted.shared if fitted and fitted.shared else SharedScale(temperature=1, bias={}, background_bias=0)
        return judge_exclusive(seen, shared)
    return judge_independent(seen, fitted)


def judge_exclusive(seen: Evidence, shared: SharedScale) -> Array:
    """Let pixel tests decide first between the tags that only they know and the rest, then share out the rest.

    The rest is a softmax over the tags that the picture's embedding knows and background ("none of them"). Names
    and verdicts multiply the odds of what comes out.
    """
    bias = np.array([shared.bias.get(name, 0.0) for name in seen.names])
    tested = only_tested(seen)
    gate = shared.gate * gate_log_odds(seen, tested) + bias[tested]
    first = _softmax(np.concatenate([gate, np.zeros((len(gate), 1))], axis=1))
    logits = (
        shared.clip * scaled_margins(seen, 1 / shared.temperature)[:, ~tested]
        + shared.pixels * shares_of_pixels(seen, tested)
        + bias[~tested]
    )
    none = np.full((len(logits), 1), shared.background_bias)
    confidences = np.zeros(seen.tags.shape)
    confidences[:, tested] = first[:, :-1]
    confidences[:, ~tested] = first[:, -1:] * _softmax(np.concatenate([logits, none], axis=1))[:, :-1]
    beside = seen.beside_picture
    if not beside.any():
        return confidences
    weighed = confidences * np.exp(beside)
    left = 1 - confidences.sum(axis=1, keepdims=True)
    named: Array = weighed / (weighed.sum(axis=1, keepdims=True) + left)
    return named


def judge_independent(seen: Evidence, fitted: CategoryCalibration | None) -> Array:
    """Judge each tag alone: a logistic curve over its margin, its pixel test, its name and verdicts."""
    unfitted = Platt(slope=1.0, bias=0.0)
    spare = (fitted.default if fitted else None) or unfitted
    own = [fitted.tags.get(name, spare) if fitted else unfitted for name in seen.names]
    logits = (
        np.array([one.slope for one in own]) * np.nan_to_num(scaled_margins(seen))
        + np.array([one.pixels for one in own]) * pixel_log_odds(seen)
        + np.array([one.bias for one in own])
        + unspoken(seen)
        + seen.beside_picture
    )
    confidences: Array = 1 / (1 + np.exp(-np.clip(logits, -60, 60)))
    return confidences


def scaled_margins(seen: Evidence, inverse_temperature: float = 1.0) -> Array:
    """Return how far each tag stands above the background prompts taken together, [n, A]; nan without a vector."""
    margins: Array = seen.tags * inverse_temperature - log_sum_exp(seen.background * inverse_temperature)[:, None]
    return margins


def only_tested(seen: Evidence) -> Flags:
    """Tell which tags the picture's embedding does not know, [A]."""
    return np.asarray(np.isnan(seen.tags).all(axis=0))


def gate_log_odds(seen: Evidence, tested: Flags) -> Array:
    """Return the log-odds of each tag that only tests know against all that they leave, [n, tested].

    A tag without any test has fixed ones: it is so rare without a name that says it.
    """
    own = seen.pixels[:, tested]
    left = np.clip(1 - np.nansum(own, axis=1, keepdims=True), _LEAST, 1)
    odds: Array = np.where(np.isnan(own), _NAMED_ONLY, np.log(np.clip(own, _LEAST, 1)) - np.log(left))
    return odds


def shares_of_pixels(seen: Evidence, tested: Flags) -> Array:
    """Return the log of each other tag's share of what the tests leave, [n, A - tested]; 0 where they say nothing."""
    own = seen.pixels[:, ~tested]
    total = np.clip(np.nansum(own, axis=1, keepdims=True), _LEAST, None)
    shares: Array = np.nan_to_num(np.log(np.clip(own / total, _LEAST, 1)))
    return shares


def _softmax(logits: Array) -> Array:
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    softmax: Array = shares / shares.sum(axis=1, keepdims=True)
    return softmax


def pixel_log_odds(seen: Evidence) -> Array:
    """Return log(p / (1 - p)) of the pixel tests, [n, A]; 0 for a tag without a test."""
    bounded = np.clip(seen.pixels, _LEAST, 1 - _LEAST)
    odds: Array = np.nan_to_num(np.log(bounded / (1 - bounded)))
    return odds


def unspoken(seen: Evidence) -> Array:
    """Return the prior log-odds of tags that nothing but names can speak for, [n, A]; 0 for the others."""
    prior: Array = np.where(np.isnan(seen.tags) & np.isnan(seen.pixels), _NAMED_ONLY, 0.0)
    return prior


def log_sum_exp(values: Array) -> Array:
    """Return log(sum(exp)) over the last axis, safe for large values."""
    top = values.max(axis=-1, keepdims=True)
    total: Array = top[..., 0] + np.log(np.exp(values - top).sum(axis=-1))
    return total

"""Which tags an event carries: those that reach their thresholds and that this picture raised above their base rates.

A base rate is what a tag's confidence is on average, before a picture is looked at. A tag that is published at its base
rate tells nothing of the picture, however often it is right.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from consumer.tagging.bundle.calibration import CategoryCalibration
from consumer.tagging.bundle.taxonomy import Category

Array = NDArray[np.float64]
# In log-odds: the picture must have doubled the odds.
LEAST_GAIN: Final = 0.7
# A confidence of 1, as facts have it, is no infinite gain.
_LEAST: Final = 1e-4


def log_odds(probabilities: Array) -> Array:
    """Return log(p / (1 - p)), bounded to about 9.2 on either side."""
    bounded = np.clip(probabilities, _LEAST, 1 - _LEAST)
    odds: Array = np.log(bounded / (1 - bounded))
    return odds


def base_rates(spec: Category, fitted: CategoryCalibration | None) -> Array:
    """Return the base rate of each tag, [A]; nan for one that was never fitted."""
    rates = fitted.base_rates if fitted else {}
    return np.array([rates.get(name, np.nan) for name in spec.tags])


def gain_bounds(spec: Category, rates: Array) -> Array:
    """Return the confidence at which each tag has gained enough over its base rate, [A]; 0 where there is none."""
    least = LEAST_GAIN if spec.least_gain is None else spec.least_gain
    return np.nan_to_num(1 / (1 + np.exp(-(log_odds(rates) + least))))


def publication_bounds(spec: Category, fitted: CategoryCalibration | None, threshold: float | None = None) -> Array:
    """Return what each confidence must reach, [A]; `threshold` replaces all but that a tag is off."""
    if threshold is None:
        own = np.array([spec.threshold_of(name) for name in spec.tags])
        needed = np.maximum(own, gain_bounds(spec, base_rates(spec, fitted)))
    else:
        needed = np.full(len(spec.tags), threshold)
    return np.where([tag.off for tag in spec.tags.values()], np.inf, needed)

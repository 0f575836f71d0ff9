"""What people's verdicts teach: one asset as a lesson, and the corrections of a category laid out for numpy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from consumer.tagging.bundle.name_patterns import AssetNames
from consumer.tagging.bundle.taught import Correction

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Lesson:
    """One asset that people spoke of: the evidence in its event, and what they said.

    ``embedding``: [D]. ``content``: equal for equal images. ``said``: by category and shown tag, True where the tag is
    right, False where it is wrong.
    """

    content: str
    embedding: NDArray[np.floating]
    pixels: Mapping[str, Mapping[str, float]]
    names: AssetNames
    said: Mapping[tuple[str, str], bool]


@dataclass(frozen=True, slots=True)
class Corrections:
    """A category's: `weights` [A, D] and `biases` [A]; zero for a tag that nothing was taught of."""

    weights: Array
    biases: Array

    @classmethod
    def of(cls, names: Sequence[str], taught: Mapping[str, Correction], dim: int) -> Corrections | None:
        """Lay them out in the order of `names`; None where there is nothing to correct."""
        if not taught:
            return None
        weights, biases = np.zeros((len(names), dim)), np.zeros(len(names))
        for at, name in enumerate(names):
            if name in taught:
                weights[at], biases[at] = taught[name].vector, taught[name].bias
        return cls(weights, biases)

    def log_odds(self, embeddings: Array) -> Array:
        """Return what each tag gains, [n, A], for embeddings [n, D]."""
        gained: Array = embeddings @ self.weights.T + self.biases
        return gained

"""Linear models over the statistics of a picture, as `python -m export.pixel_models` fitted them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from consumer.tagging.pixels.statistics import NAMES

Vector = npt.NDArray[np.float32]
_FILE = Path(__file__).with_name("pixel_models.json")
# What lies further from the mean than so many deviations is no further evidence.
_FARTHEST = 4.0


@dataclass(frozen=True, slots=True)
class LinearModel:
    """Softmax of `weights` [classes, statistics] and `bias` [classes] over statistics scaled by `mean` and `spread`."""

    classes: tuple[str, ...]
    mean: Vector
    spread: Vector
    weights: Vector
    bias: Vector

    def probabilities(self, statistics: Vector) -> dict[str, float]:
        """Return the probability of each class for statistics [len(NAMES)]."""
        scaled = np.clip((statistics - self.mean) / self.spread, -_FARTHEST, _FARTHEST)
        logits = self.weights @ scaled + self.bias
        shares = np.exp(logits - logits.max())
        return dict(zip(self.classes, (shares / shares.sum()).tolist(), strict=True))


@lru_cache(maxsize=1)
def pixel_models() -> dict[str, LinearModel]:
    """Return the fitted models by name: `roles`."""
    document = json.loads(_FILE.read_text(encoding="utf-8"))
    if tuple(document["statistics"]) != NAMES:
        raise RuntimeError(f"{_FILE} was fitted on other statistics: run python -m export.pixel_models")
    return {name: _model(stored) for name, stored in document["models"].items()}


def _model(stored: dict[str, list[object]]) -> LinearModel:
    classes = tuple(str(name) for name in stored["classes"])
    return LinearModel(classes, *(np.array(stored[part], np.float32) for part in ("mean", "spread", "weights", "bias")))

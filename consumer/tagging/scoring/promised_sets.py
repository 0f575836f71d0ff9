"""The smallest set of an exclusive category's tags that holds the right one as often as was promised.

Split conformal prediction: the bound is the confidence that so many true tags reached on games left out. Sadinle, Lei
and Wasserman, "Least ambiguous set-valued classifiers with bounded error levels", JASA 114 (2019).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from consumer.tagging.bundle.calibration import PromisedSet

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


def in_set(confidences: Array, least_confidence: float) -> Flags:
    """Return which tags are in the set of each image, [n, A]; the surest always is."""
    members = confidences >= least_confidence
    members[np.arange(len(members)), confidences.argmax(axis=1)] = True
    return members


def promised_rows(confidences: Array, shown: NDArray[np.object_], promised: PromisedSet) -> list[list[str]]:
    """Return the shown names of each image's set, the surest first."""
    rows: list[list[str]] = [[] for _ in confidences]
    at, places = np.nonzero(in_set(confidences, promised.least_confidence))
    order = np.lexsort((-confidences[at, places], at))
    for row, name in zip(at[order].tolist(), shown[places[order]].tolist(), strict=True):
        rows[row].append(name)
    return rows


def least_confidence(right: Array, weights: Array, coverage: float) -> float:
    """Return the bound that true tags of confidences `right` [n] reach in `coverage` of all cases.

    `weights` [n] say how much each image counts: games count alike, however many images they have. One more image
    that reaches nothing is added, since the next one is not among them.
    """
    order = np.argsort(-right, kind="stable")
    reached = np.cumsum(weights[order]) / (weights.sum() + weights.mean())
    enough = np.flatnonzero(reached >= coverage)
    return float(right[order][enough[0]]) if len(enough) else 0.0

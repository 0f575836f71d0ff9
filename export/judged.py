"""The figures of one category's tags, from confidences and truth."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from export import figures
from export.labels import LabelledImage

Report = dict[str, Any]
# The confidence that clients of the HTTP contract ask for unless they say another.
DEFAULT_CONFIDENCE: Final = 0.7


@dataclass(frozen=True, slots=True)
class Judged:
    """Confidences [n, A] of the images (positions `images`) whose truth in the category is known.

    `known` [n, A] is False where nobody can judge a tag. `thresholds` [A] are those from which events carry a tag.
    """

    names: tuple[str, ...]
    images: NDArray[np.intp]
    truth: NDArray[np.bool_]
    known: NDArray[np.bool_]
    confidences: NDArray[np.float64]
    thresholds: NDArray[np.float64]


def report_of(judged: Judged, images: Sequence[LabelledImage]) -> Report:
    """Return the figures of a category; `…_at_default` count tags of confidence 0.7 and more.

    `tags_per_image` is the mean number of tags of the category in an event, at the taxonomy's own thresholds.
    """
    confidences, truth, known = judged.confidences, judged.truth, judged.known
    flat, right = confidences[known], truth[known]
    precision, recall, _ = figures.precision_recall(flat, right, DEFAULT_CONFIDENCE)
    told = truth.any(axis=1)
    hits = truth[np.arange(len(truth)), confidences.argmax(axis=1)]
    by_group: dict[str, list[bool]] = defaultdict(list)
    for at, hit in zip(judged.images[told], hits[told].tolist(), strict=True):
        by_group[f"{images[at].game}/{images[at].group}"].append(hit)
    return {
        "images": len(truth),
        "top1": figures.top1(confidences, truth),
        "map": figures.mean_average_precision(confidences, truth, known),
        "precision_at_default": precision,
        "recall_at_default": recall,
        "ece": figures.calibration_error(flat, right),
        "brier": figures.brier(flat, right),
        "tags_per_image": float((confidences >= judged.thresholds).sum(axis=1).mean()),
        "by_tag": {name: _tag(judged, at) for at, name in enumerate(judged.names)},
        "by_group": {
            name: {"images": len(group), "top1": float(np.mean(group))} for name, group in sorted(by_group.items())
        },
    }


def to_json(report: Report) -> str:
    """Return the report as JSON; figures that do not exist (nan) become null."""
    return json.dumps(_without_nan(report), indent=2, sort_keys=True)


def _tag(judged: Judged, at: int) -> Report:
    known = judged.known[:, at]
    confidences, truth = judged.confidences[known, at], judged.truth[known, at]
    precision, recall, said = figures.precision_recall(confidences, truth, DEFAULT_CONFIDENCE)
    likely = figures.precision_recall(confidences, truth, 0.5)
    emitted = figures.precision_recall(confidences, truth, float(judged.thresholds[at]))
    return {
        "positives": int(truth.sum()),
        "average_precision": figures.average_precision(confidences, truth),
        "precision_at_default": precision,
        "recall_at_default": recall,
        "said_at_default": said,
        "precision_at_half": likely[0],
        "recall_at_half": likely[1],
        "precision_at_threshold": emitted[0],
        "recall_at_threshold": emitted[1],
    }


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(inner) for key, inner in value.items()}
    if isinstance(value, float):
        return None if np.isnan(value) else round(value, 4)
    return value

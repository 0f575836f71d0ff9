"""The figures of one category's tags, from confidences and truth."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from export.evaluation import figures
from export.evaluation.labels import LabelledImage
from export.evaluation.published import CategoryTags

Report = dict[str, Any]
# The confidence that clients of the HTTP contract ask for unless they say another.
DEFAULT_CONFIDENCE: Final = 0.7


@dataclass(frozen=True, slots=True)
class Judged:
    """Confidences [n, A] of the images (positions `images`) whose truth in the category is known.

    `known` [n, A] is False where nobody can judge a tag. `published` [n, A]: what events carry. `named` [n, A] are the
    confidences with names as evidence too.
    """

    names: tuple[str, ...]
    images: NDArray[np.intp]
    truth: NDArray[np.bool_]
    known: NDArray[np.bool_]
    confidences: NDArray[np.float64]
    published: NDArray[np.bool_]
    named: NDArray[np.float64]

    @classmethod
    def of(cls, tags: CategoryTags, named: CategoryTags, images: NDArray[np.intp]) -> Judged:
        """Return the labelled images' part of all; `named` was judged with names."""
        return cls(
            tags.names,
            images,
            tags.truth[images],
            tags.known[images],
            tags.confidences[images],
            tags.published[images],
            named.confidences[images],
        )


def report_of(judged: Judged, images: Sequence[LabelledImage]) -> Report:
    """Return the figures of a category; `…_at_default` count tags of confidence 0.7 and more.

    `tags_per_image` is the mean number of tags of the category in an event, `…_published` are of those tags.
    """
    confidences, truth, known = judged.confidences, judged.truth, judged.known
    flat, right = confidences[known], truth[known]
    precision, recall, _ = figures.precision_recall(flat, right, DEFAULT_CONFIDENCE)
    labelled = truth.any(axis=1)
    hits = truth[np.arange(len(truth)), confidences.argmax(axis=1)]
    by_group: dict[str, list[bool]] = defaultdict(list)
    by_game: dict[str, list[bool]] = defaultdict(list)
    for at, hit in zip(judged.images[labelled], hits[labelled].tolist(), strict=True):
        by_group[f"{images[at].game}/{images[at].group}"].append(hit)
        by_game[images[at].game].append(hit)
    said = judged.published[known]
    published_precision = float(right[said].mean()) if said.any() else float("nan")
    return {
        "images": len(truth),
        "top1": figures.top1(confidences, truth),
        "top1_with_names": figures.top1(judged.named, truth),
        "map": figures.mean_average_precision(confidences, truth, known),
        "precision_at_default": precision,
        "recall_at_default": recall,
        "ece": figures.calibration_error(flat, right),
        "brier": figures.brier(flat, right),
        "precision_published": published_precision,
        "recall_published": float(said[right].mean()) if right.any() else float("nan"),
        "tags_per_image": float(judged.published.sum(axis=1).mean()),
        "by_tag": {name: _tag(judged, at) for at, name in enumerate(judged.names)},
        "by_group": _shares(by_group),
        "by_game": _shares(by_game),
    }


def to_json(report: Report) -> str:
    """Return the report as JSON; figures that do not exist (nan) become null."""
    return json.dumps(_without_nan(report), indent=2, sort_keys=True)


def _shares(groups: dict[str, list[bool]]) -> Report:
    return {name: {"images": len(group), "top1": float(np.mean(group))} for name, group in sorted(groups.items())}


def _tag(judged: Judged, at: int) -> Report:
    judgeable = judged.known[:, at]
    confidences, truth = judged.confidences[judgeable, at], judged.truth[judgeable, at]
    precision, recall, said = figures.precision_recall(confidences, truth, DEFAULT_CONFIDENCE)
    likely = figures.precision_recall(confidences, truth, 0.5)
    published = judged.published[judgeable, at]
    return {
        "positives": int(truth.sum()),
        "average_precision": figures.average_precision(confidences, truth),
        "precision_at_default": precision,
        "recall_at_default": recall,
        "said_at_default": said,
        "precision_at_half": likely[0],
        "recall_at_half": likely[1],
        "published": int(published.sum()),
        "precision_published": float(truth[published].mean()) if published.any() else float("nan"),
        "recall_published": float(published[truth].mean()) if truth.any() else float("nan"),
    }


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(inner) for key, inner in value.items()}
    if isinstance(value, float):
        return None if np.isnan(value) else round(value, 4)
    return value

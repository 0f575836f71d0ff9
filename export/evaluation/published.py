"""What events would carry: how much of it is right, how much of it there is, and what stands everywhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from export.evaluation.labels import LabelledImage

Report = dict[str, Any]
Flags = NDArray[np.bool_]
# A tag on more of all assets than this tells little of any.
_EVERYWHERE: Final = 0.5
# So often on a game's assets, without being so in its labels, a tag misleads everybody who knows the game.
_OFTEN: Final = 0.25


@dataclass(frozen=True, slots=True)
class CategoryTags:
    """All images' tags of a category, [n, A] each; `bounds` are what confidences must reach to be published.

    `known` is False where no label tells whether a tag is right. `members`: the promised sets, None without a promise.
    """

    names: tuple[str, ...]
    confidences: NDArray[np.float64]
    bounds: NDArray[np.float64]
    truth: Flags
    known: Flags
    members: Flags | None = None

    @property
    def published(self) -> Flags:
        return np.asarray(self.confidences.round(4) >= self.bounds)


@dataclass(frozen=True, slots=True)
class Mistake:
    """A published tag that is wrong, at position `image`."""

    image: int
    category: str
    tag: str
    confidence: float


def published_report(categories: Mapping[str, CategoryTags], images: Sequence[LabelledImage]) -> Report:
    """Return what is published of all categories together; precision counts the tags that labels can judge."""
    games = np.array([image.game for image in images])
    counts = np.sum([part.published.sum(axis=1) for part in categories.values()], axis=0)
    return {
        **_precision(list(categories.values())),
        "tags_per_asset": float(counts.mean()),
        "assets_without_tags": float((counts == 0).mean()),
        "everywhere": {name: share for name, share in _shares(categories).items() if share > _EVERYWHERE},
        "often_wrong": _often_wrong(categories, games),
        "by_game": {
            str(game): {
                "images": int((games == game).sum()),
                "tags_per_asset": float(counts[games == game].mean()),
                **_precision([_of(part, games == game) for part in categories.values()]),
            }
            for game in np.unique(games)
        },
    }


def mistakes(categories: Mapping[str, CategoryTags]) -> list[Mistake]:
    """Return the wrong tags that are published, the surest first."""
    wrong = [
        Mistake(int(image), category, part.names[tag], float(part.confidences[image, tag]))
        for category, part in categories.items()
        for image, tag in np.argwhere(part.published & part.known & ~part.truth)
    ]
    return sorted(wrong, key=lambda one: -one.confidence)


def tags_of(categories: Mapping[str, CategoryTags], image: int) -> list[tuple[str, float]]:
    """Return what is published of one image, category by category."""
    return [
        (part.names[tag], float(part.confidences[image, tag]))
        for part in categories.values()
        for tag in np.argsort(-part.confidences[image])
        if part.published[image, tag]
    ]


def set_report(part: CategoryTags, folds: Sequence[str]) -> Report:
    """Return how often the promised set holds a right tag, and its mean size: by game, and games alike in the mean."""
    if part.members is None:
        return {}
    labelled = (part.truth & part.known).any(axis=1)
    by_game: dict[str, list[tuple[bool, int]]] = defaultdict(list)
    for at in np.flatnonzero(labelled).tolist():
        by_game[folds[at]].append((bool((part.members[at] & part.truth[at]).any()), int(part.members[at].sum())))
    rows = {
        game: dict(zip(("coverage", "size"), np.mean(pairs, axis=0).tolist(), strict=True))
        for game, pairs in sorted(by_game.items())
    }
    return {
        "coverage": float(np.mean([row["coverage"] for row in rows.values()])),
        "size": float(np.mean([row["size"] for row in rows.values()])),
        "by_game": rows,
    }


def _of(part: CategoryTags, chosen: Flags) -> CategoryTags:
    return CategoryTags(
        part.names, part.confidences[chosen], part.bounds[chosen], part.truth[chosen], part.known[chosen]
    )


def _precision(parts: Sequence[CategoryTags]) -> Report:
    said = sum(int((part.published & part.known).sum()) for part in parts)
    right = sum(int((part.published & part.known & part.truth).sum()) for part in parts)
    return {"judged": said, "precision": right / said if said else float("nan")}


def _shares(categories: Mapping[str, CategoryTags]) -> dict[str, float]:
    return {
        name: float(share)
        for part in categories.values()
        for name, share in zip(part.names, part.published.mean(axis=0), strict=True)
    }


def _often_wrong(categories: Mapping[str, CategoryTags], games: NDArray[np.str_]) -> dict[str, float]:
    """Return by game and tag the share of a game's labelled assets on which a tag stands and is wrong."""
    found: dict[str, float] = {}
    for part in categories.values():
        for game in np.unique(games):
            inside = games == game
            known = part.known[inside]
            wrong = (part.published[inside] & known & ~part.truth[inside]).sum(axis=0)
            wrong = wrong / np.maximum(known.sum(axis=0), 1)
            found |= {
                f"{game}/{name}": float(share) for name, share in zip(part.names, wrong, strict=True) if share > _OFTEN
            }
    return found

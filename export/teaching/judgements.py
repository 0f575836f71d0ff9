"""A category's lessons laid out for numpy: what the bundle says of their tags, and what people said."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from consumer.tagging.bundle.bundle import Bundle
from consumer.tagging.bundle.overlay import OwnTags
from consumer.tagging.bundle.revised import hearing, untaught
from consumer.tagging.scoring.lessons import Lesson
from consumer.tagging.scoring.probabilities import judge
from consumer.tagging.scoring.scorer import Scorer

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
FOLDS: Final = 5


@dataclass(frozen=True, slots=True)
class Judgements:
    """n assets of which somebody judged a tag of the category, and its A tags.

    ``confidences`` [n, A]: before anything was taught. ``embeddings`` [n, D]. ``right``, ``wrong`` [n, A]: what people
    said; where an exclusive category has a right tag all others are wrong. ``taught`` [A]: tags that verdicts can
    correct, because the embedding speaks for them. ``folds`` [n]: equal images are in one.
    """

    names: tuple[str, ...]
    is_exclusive: bool
    confidences: Array
    embeddings: Array
    right: Flags
    wrong: Flags
    taught: Flags
    folds: NDArray[np.intp]

    @property
    def known(self) -> Flags:
        return self.right | self.wrong

    def of(self, assets: Flags) -> Judgements:
        return replace(
            self,
            confidences=self.confidences[assets],
            embeddings=self.embeddings[assets],
            right=self.right[assets],
            wrong=self.wrong[assets],
            folds=self.folds[assets],
        )


def judgements(bundle: Bundle, lessons: Sequence[Lesson]) -> dict[str, Judgements]:
    """Return them by category, for those in which any was made; tags that the taxonomy lacks are left out."""
    if not lessons:
        return {}
    fitted = bundle.calibration.categories if bundle.calibration else {}
    embeddings = np.stack([lesson.embedding for lesson in lessons]).astype(np.float64)
    bundle = hearing(untaught(bundle), _confirmed(bundle, lessons))
    seen = Scorer(bundle).evidence_rows(
        embeddings, [lesson.pixels for lesson in lessons], [lesson.names for lesson in lessons]
    )
    folds = np.array([_fold(lesson.content) for lesson in lessons], dtype=np.intp)
    found = {}
    for category, spec in bundle.taxonomy.categories.items():
        shown = [spec.shown_name(name) for name in spec.tags]
        said = [[lesson.said.get((category, name)) for name in shown] for lesson in lessons]
        right = np.array([[word is True for word in row] for row in said], dtype=np.bool_).reshape(len(lessons), -1)
        wrong = np.array([[word is False for word in row] for row in said], dtype=np.bool_).reshape(right.shape)
        if spec.exclusive:
            wrong |= right.any(axis=1, keepdims=True) & ~right
        judged = np.asarray((right | wrong).any(axis=1))
        if judged.any():
            found[category] = Judgements(
                names=tuple(spec.tags),
                is_exclusive=spec.exclusive,
                confidences=judge(seen[category], exclusive=spec.exclusive, fitted=fitted.get(category)),
                embeddings=embeddings,
                right=right,
                wrong=wrong,
                taught=np.array([_is_taught(bundle, category, name) for name in spec.tags], dtype=np.bool_),
                folds=folds,
            ).of(judged)
    return found


def _confirmed(bundle: Bundle, lessons: Sequence[Lesson]) -> OwnTags:
    """Return the own tags that somebody called right: rejections alone make none heard."""
    said = {key for lesson in lessons for key, is_right in lesson.said.items() if is_right}
    return frozenset(key for key in bundle.own if key in said)


def _is_taught(bundle: Bundle, category: str, name: str) -> bool:
    return name in bundle.vectors[category].names or (category, name) in bundle.own


def _fold(content: str) -> int:
    return int(hashlib.sha256(content.encode()).hexdigest(), 16) % FOLDS

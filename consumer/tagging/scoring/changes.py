"""What another model or vocabulary changes in the tags of assets: pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from schemas import Tag

# Of the normal distribution, for 95 of 100.
_Z = 1.96


@dataclass(frozen=True, slots=True)
class Change:
    """One asset and its tags before and after, those that reach their thresholds; sorted by confidence each."""

    asset_id: str
    before: tuple[Tag, ...]
    after: tuple[Tag, ...]

    @property
    def gained(self) -> tuple[Tag, ...]:
        return _without(self.after, self.before)

    @property
    def lost(self) -> tuple[Tag, ...]:
        return _without(self.before, self.after)

    @property
    def is_one(self) -> bool:
        """Tell whether the set of tags differs; confidences that move alone are no change."""
        return bool(self.gained or self.lost)

    @property
    def size(self) -> float:
        """Return the confidence that came and went with tags gained and lost, in all."""
        return sum(tag.confidence for tag in (*self.gained, *self.lost))


@dataclass(frozen=True, slots=True)
class TagChange:
    """Assets with one tag, before and after, and those that gained and lost it."""

    category: str
    tag: str
    before: int
    after: int
    gained: int
    lost: int


def by_tag(changes: Iterable[Change]) -> list[TagChange]:
    """Return every tag that any asset has, those that change most first."""
    counts: dict[str, Counter[tuple[str, str]]] = {name: Counter() for name in ("before", "after", "gained", "lost")}
    for change in changes:
        for name, counter in counts.items():
            tags: Sequence[Tag] = getattr(change, name)
            counter.update({(tag.category, tag.tag) for tag in tags})
    tag_changes = [
        TagChange(category, tag, *(counter[category, tag] for counter in counts.values()))
        for category, tag in {*counts["before"], *counts["after"]}
    ]
    return sorted(tag_changes, key=lambda one: (-one.gained - one.lost, one.category, one.tag))


def share_between(hits: int, of: int) -> tuple[float, float]:
    """Return the bounds of a share that was sampled, right in 95 of 100 samples; (0, 1) of no sample.

    Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).
    """
    if not of:
        return 0.0, 1.0
    share, spread = hits / of, _Z * _Z / of
    middle = share + spread / 2
    half = math.sqrt(spread * (share * (1 - share) + spread / 4))
    return max(0.0, (middle - half) / (1 + spread)), min(1.0, (middle + half) / (1 + spread))


def _without(tags: Iterable[Tag], others: Iterable[Tag]) -> tuple[Tag, ...]:
    excluded = {(tag.category, tag.tag) for tag in others}
    return tuple(tag for tag in tags if (tag.category, tag.tag) not in excluded)

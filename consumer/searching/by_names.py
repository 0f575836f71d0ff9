"""What is called as a question says: all of its words, and each of them for what it tells."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from consumer.concurrency.waits import together
from consumer.searching.fusing import Heard, Ranking
from consumer.searching.meaning import Meaning, meaning_of, respelt
from consumer.storage.tables.reads import TagReader
from consumer.storage.tables.search.filters import SearchFilter
from consumer.storage.tables.search.names import holding, named, telling
from consumer.tagging.bundle.vocabulary import Vocabulary

# How deep each ranking goes.
DEPTH: Final = 1000
# What is called so is meant before what only looks so.
_ALL_WORDS: Final = 3.0
# How deep that of one word of several goes: one that more names hold tells little.
_DEPTH_OF_SEVERAL: Final = 200
_MIN_PART: Final = 3
# Of several words, a short one is part of many others, and one that so many names hold tells little.
_MIN_PART_OF_SEVERAL: Final = 4
_RARE: Final = 50
_NOTHING: Final[Mapping[str, Sequence[str]]] = {}


@dataclass(frozen=True, slots=True)
class _Called:
    """Ids by names: what holds all words, and of several words what holds each."""

    words: tuple[str, ...]
    whole: Sequence[str]
    each: Mapping[str, Sequence[str]]

    @property
    def absent(self) -> frozenset[str]:
        """The words that nothing is called."""
        found_by = self.each or dict.fromkeys(self.words, self.whole)
        return frozenset(word for word, found in found_by.items() if not found)

    @property
    def rare(self) -> tuple[str, ...]:
        """The words that are worth looking for within others."""
        if len(self.words) == 1:
            return self.words if len(self.words[0]) >= _MIN_PART and len(self.whole) < DEPTH else ()
        return tuple(
            word for word, found in self.each.items() if len(word) >= _MIN_PART_OF_SEVERAL and len(found) < _RARE
        )

    def with_parts(self, parts: Sequence[str], sought: Iterable[str]) -> _Called:
        """Return the same, and behind it what holds words as parts of others; ``sought`` are those it was read for."""
        each = {word: _joined(found, parts, (word,)) if word in sought else found for word, found in self.each.items()}
        return replace(self, whole=_joined(self.whole, parts, self.words), each=each)

    @property
    def rankings(self) -> tuple[Ranking, ...]:
        shares = told_by([len(found) for found in self.each.values()])
        each = (
            Ranking("name", found, _ALL_WORDS * share) for found, share in zip(self.each.values(), shares, strict=True)
        )
        return (Ranking("name", self.whole, _ALL_WORDS), *each)


async def by_names(reader: TagReader, meaning: Meaning, where: SearchFilter, vocabulary: Vocabulary | None) -> Heard:
    """Return what is called so, and also what is called as somebody may have meant; raises DatabaseError.

    Whole words and their beginnings come first, then parts of words. Of several words each counts by itself, too, the
    more the fewer names hold it: of what holds one word of two, the rarer one comes first.
    """
    called = await _called(reader, meaning, where)
    near = respelt(called.absent, vocabulary)
    meant = meaning_of(" ".join(near.get(word, word) for word in meaning.words), vocabulary)
    also = await _called(reader, meant, where, called.each) if near else None
    # One reading of all ids does for all of these words: what holds all of them holds the rare ones.
    sought = list(dict.fromkeys([*called.rare, *(also.rare if also else ())]))
    if len(meaning.words) > 1 and sought:
        sought = await telling(reader, sought)
    if sought:
        parts = await holding(reader, sought, where, DEPTH * len(sought), all_of=False)
    elif len(called.whole) < DEPTH and all(len(word) >= _MIN_PART for word in meaning.words):
        parts = await holding(reader, meaning.words, where, DEPTH, all_of=True)
    else:
        parts = []
    called = called.with_parts(parts, sought)
    unheard = {word: known for word, known in near.items() if word in called.absent}
    if also is None or not unheard:
        return Heard(called.rankings)
    return Heard((*called.rankings, *also.with_parts(parts, sought).rankings), unheard)


def told_by(counts: Sequence[int]) -> list[float]:
    """Return what words tell, as shares of one, by how many names hold each; one that none holds tells nothing."""
    told = [math.log((DEPTH + 1) / count) if count else 0.0 for count in counts]
    return [value / sum(told) for value in told] if any(told) else told


async def _called(
    reader: TagReader, meaning: Meaning, where: SearchFilter, known: Mapping[str, Sequence[str]] = _NOTHING
) -> _Called:
    words = meaning.apart if len(meaning.words) > 1 else ()
    asked = [word for word in words if word not in known]
    whole, *each = await together(
        [
            named(reader, meaning.words, where, DEPTH),
            *(named(reader, [word], where, _DEPTH_OF_SEVERAL) for word in asked),
        ]
    )
    found = {**known, **dict(zip(asked, each, strict=True))}
    return _Called(meaning.words, whole, {word: found[word] for word in words})


def _joined(found: Sequence[str], parts: Sequence[str], words: Sequence[str]) -> list[str]:
    """Return what was found, and behind it the ids that hold all of the words as parts of others."""
    holds_all = (asset_id for asset_id in parts if all(word in asset_id.lower() for word in words))
    return list(dict.fromkeys([*found, *holds_all]))[:DEPTH]

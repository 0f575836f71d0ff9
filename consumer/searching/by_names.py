"""What is called as a question says: all of its words, and each of them for what it tells."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from consumer.concurrency.waits import together
from consumer.searching.fusing import Heard, Ranking
from consumer.searching.meaning import Meaning, meaning_of, respelt
from consumer.storage.tables.reads import TagReader
from consumer.storage.tables.search.filters import SearchFilter
from consumer.storage.tables.search.name_words import words_holding, words_near
from consumer.storage.tables.search.names import named, named_any
from consumer.tagging.bundle.vocabulary import Vocabulary, spelt_like

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

    def and_behind(self, whole: Sequence[str], each: Mapping[str, Sequence[str]]) -> _Called:
        """Return the same with more of all words, and of each, behind what is there."""
        joined = {word: _joined(found, each.get(word, ())) for word, found in self.each.items()}
        return replace(self, whole=_joined(self.whole, whole), each=joined)

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
    asked = [called]
    if near:
        asked.append(await _called(reader, _meant(meaning, near, vocabulary), where, called.each))
    sought = {word for one in asked if len(one.whole) < DEPTH for word in one.words if len(word) >= _MIN_PART}
    held = await words_holding(reader, sorted(sought))
    called, *also = await together([_with_parts(reader, one, held, where) for one in asked])
    near = {word: known for word, known in near.items() if word in called.absent}
    rankings = [*called.rankings, *(ranking for one in also if near for ranking in one.rankings)]
    named = await _spelt_like(reader, [word for word in called.absent if word not in near])
    if named:
        found = await _called(reader, _meant(meaning, near | named, vocabulary), where, called.each)
        rankings += found.rankings
        near |= {word: known for word, known in named.items() if known not in found.absent}
    return Heard(tuple(rankings), near)


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


async def _with_parts(
    reader: TagReader, called: _Called, held: Mapping[str, Sequence[str]], where: SearchFilter
) -> _Called:
    """Add what holds words as parts of others, which `held` has."""
    rare = [word for word in called.rare if word in held]
    each = await together([named_any(reader, [held[word]], where, DEPTH) for word in rare])
    found = dict(zip(rare, each, strict=True))
    if len(called.words) == 1:
        return called.and_behind(found.get(called.words[0], ()), {})
    parts: list[str] = []
    if len(called.whole) < DEPTH and any(word in held for word in called.words):
        parts = await named_any(reader, [[f"{word}:*", *held.get(word, ())] for word in called.words], where, DEPTH)
    return called.and_behind(parts, found)


async def _spelt_like(reader: TagReader, words: Sequence[str]) -> dict[str, str]:
    """Return, of these words, those that names have spelt nearly so, with how."""
    likely = await together([words_near(reader, word) for word in words])
    found = await asyncio.to_thread(lambda: [spelt_like(*pair) for pair in zip(words, likely, strict=True)])
    return {word: known for word, known in zip(words, found, strict=True) if known is not None}


def _meant(meaning: Meaning, near: Mapping[str, str], vocabulary: Vocabulary | None) -> Meaning:
    return meaning_of(" ".join(near.get(word, word) for word in meaning.words), vocabulary)


def _joined(found: Sequence[str], more: Sequence[str]) -> list[str]:
    return list(dict.fromkeys([*found, *more]))[:DEPTH]

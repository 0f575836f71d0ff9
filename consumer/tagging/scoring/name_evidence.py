"""What an asset's names say of each tag: fitted log-odds of the patterns that match, thousands of assets a second."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from consumer.tagging.bundle.calibration import NameWeights
from consumer.tagging.bundle.name_patterns import AssetNames, Words, matches_within
from consumer.tagging.bundle.taxonomy import Category

# Weights of patterns that nothing was fitted for.
_UNFITTED_STEM: Final = 1.0
_UNFITTED_FOLDER: Final = 0.5
_WORDS_KEPT: Final = 65_536
_Said = tuple[int, float]


class NameEvidence:
    """Looks names up by their words, instead of asking every pattern of every tag. Threads may share it.

    Of the patterns of a tag that match, the one that says most counts; a tag without a match has 0.
    """

    def __init__(self, categories: Mapping[str, Category], fitted: NameWeights | None) -> None:
        self.places: Final[dict[str, slice]] = {}
        self._in_stem: dict[str, list[_Said]] = {}
        self._in_folder: dict[str, list[_Said]] = {}
        at = 0
        for category, spec in categories.items():
            weights = fitted.weights.get(category, {}) if fitted else {}
            for place, (name, tag) in enumerate(spec.tags.items(), at):
                self._add(place, tag.names, weights.get(name, {}), fitted)
            self.places[category] = slice(at, at + len(spec.tags))
            at += len(spec.tags)
        self._tags = at
        self._by_word, self._by_beginning = _indexed(self._in_folder)
        # A corpus has few words, each of them many times.
        self._begun_by = lru_cache(_WORDS_KEPT)(self._look_up)
        # And few folders, each with many files.
        self._in_folder_of = lru_cache(_WORDS_KEPT)(self._plain)

    def of(self, names: AssetNames) -> NDArray[np.float64]:
        """Return the log-likelihood ratio of every tag, [tags]; `places` tells where each category is."""
        strengths: dict[int, float] = {}
        for words in names.stems:
            for pattern in (*self._plain(words), *_ends(words)):
                _keep_largest(strengths, self._in_stem.get(pattern, ()))
        for words in names.folders:
            for pattern in self._in_folder_of(words):
                _keep_largest(strengths, self._in_folder[pattern])
        evidence = np.zeros(self._tags)
        for place, weight in strengths.items():
            evidence[place] = weight
        return evidence

    def _add(self, place: int, patterns: Iterable[str], own: Mapping[str, float], fitted: NameWeights | None) -> None:
        stem, folder = (fitted.stem, fitted.folder) if fitted else (_UNFITTED_STEM, _UNFITTED_FOLDER)
        for pattern in patterns:
            self._in_stem.setdefault(pattern, []).append((place, own.get(pattern, stem)))
            if "_" not in pattern:
                self._in_folder.setdefault(pattern, []).append((place, own.get(f"{pattern}/", folder)))

    def _plain(self, words: Words) -> set[str]:
        """Return the patterns without `_` that match somewhere in these words."""
        likely = {pattern for word in words for pattern in self._begun_by(word)}
        return {pattern for pattern in likely if " " not in pattern or matches_within(pattern, words)}

    def _look_up(self, word: str) -> tuple[str, ...]:
        """Return the patterns whose first word this one is."""
        whole = [pattern for form in _singulars(word) for pattern in self._by_word.get(form, ())]
        cut = [pattern for beginning, pattern in self._by_beginning if word.startswith(beginning)]
        return (*whole, *cut)


def _indexed(patterns: Iterable[str]) -> tuple[dict[str, list[str]], list[tuple[str, str]]]:
    """Return patterns by their first word, and those whose first word is only a beginning."""
    by_word: dict[str, list[str]] = {}
    by_beginning: list[tuple[str, str]] = []
    for pattern in patterns:
        first = pattern.partition(" ")[0]
        if first.endswith("*"):
            by_beginning.append((first[:-1], pattern))
        else:
            by_word.setdefault(first, []).append(pattern)
    return by_word, by_beginning


def _singulars(word: str) -> Iterator[str]:
    """Yield the words whose plural this may be, itself first."""
    yield word
    if word.endswith("s"):
        yield word[:-1]
    if word.endswith("es"):
        yield word[:-2]


def _ends(words: Words) -> tuple[str, ...]:
    return (f"{words[0]}_", f"_{words[-1]}") if len(words) > 1 else ()


def _keep_largest(found: dict[int, float], said: Iterable[_Said]) -> None:
    for place, weight in said:
        if weight > found.get(place, -np.inf):
            found[place] = weight

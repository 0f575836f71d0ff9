"""The perceptual hashes of what was met before, in memory: a few hundred bytes for each content."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Final

import numpy as np
import numpy.typing as npt

from consumer.findings.hashes import Hashes, hashes, turned_hashes
from consumer.findings.signature import Signature

# Bits of 64 that differ. Those of different pictures differ in 32 on average; pixels decide on what is near.
_NEAR: Final = 12
_MOST: Final = 32
_WORDS: Final = 4
_WORD_BITS: Final = 16
_VALUES: Final = 1 << _WORD_BITS
# Hashes that are near differ in at most 3 bits in the first of their words, or in at most 2 in one of the others: where
# they do not, they differ in 4 + 3 + 3 + 3 bits at least.
_FEWEST: Final = (3, 2, 2, 2)
# As many are compared one by one before all are sorted again.
_UNSORTED: Final = 32_768

_Words = npt.NDArray[np.uint16]
_Places = npt.NDArray[np.int64]


class HashIndex:
    """Finds all that are near, as comparing every hash with every other would: 6 ms of CPU among 1 000 000 textures.

    Not for two threads at once.
    """

    def __init__(self) -> None:
        self._names: list[str] = []
        self._hashes = np.zeros(1024, np.uint64)
        self._owners = np.zeros(1024, np.uint32)
        self._count = 0
        self._sorted: tuple[_Word, ...] = ()
        self._sorted_count = 0

    def __len__(self) -> int:
        return len(self._names)

    def add(self, name: str, item: Signature) -> None:
        """Take in one texture."""
        self.add_hashes(name, hashes(item))

    def add_hashes(self, name: str, values: Hashes) -> None:
        """Take in one texture by its hashes."""
        # Of what is opaque both are mostly one.
        for value in np.unique(values):
            if self._count == len(self._hashes):
                self._hashes, self._owners = (np.concatenate([old, old]) for old in (self._hashes, self._owners))
            self._hashes[self._count], self._owners[self._count] = value, len(self._names)
            self._count += 1
        self._names.append(name)
        if self._count - self._sorted_count >= _UNSORTED:
            self._sort()

    def near(self, item: Signature) -> list[str]:
        """Return the names of those most alike, turned or not."""
        return self.near_hashes(turned_hashes(item))

    def near_hashes(self, values: Hashes) -> list[str]:
        """Return the names of those that are nearest to any of these hashes."""
        places, bits = (np.concatenate(parts) for parts in zip(*self._close(np.unique(values)), strict=True))
        owners = self._owners[places]
        best_first = owners[np.lexsort((owners, bits))]
        _, first_at = np.unique(best_first, return_index=True)
        return [self._names[owner] for owner in best_first[np.sort(first_at)[:_MOST]]]

    def _close(self, values: Hashes) -> Iterator[tuple[_Places, npt.NDArray[np.uint8]]]:
        for word in self._sorted:
            yield word.close(values)
        unsorted = self._hashes[self._sorted_count : self._count]
        yield np.empty(0, np.int64), np.empty(0, np.uint8)
        for value in values:
            differing = np.bitwise_count(unsorted ^ value)
            near = np.flatnonzero(differing <= _NEAR)
            yield near + self._sorted_count, differing[near]

    def _sort(self) -> None:
        known = self._hashes[: self._count]
        self._sorted = tuple(_Word(known, number) for number in range(_WORDS))
        self._sorted_count = self._count


class _Word:
    """All hashes by the value of one of their words."""

    def __init__(self, known: Hashes, number: int) -> None:
        words = _words(known)[:, number]
        self._number = number
        self._changes = _changes(_FEWEST[number])
        self._places = np.argsort(words, kind="stable").astype(np.uint32)
        self._hashes = known[self._places]
        self._starts = np.concatenate([[0], np.cumsum(np.bincount(words, minlength=_VALUES))])

    def close(self, values: Hashes) -> tuple[_Places, npt.NDArray[np.uint8]]:
        """Return the places of those that are near any of the values and nearly have its word, and how near."""
        sought = (_words(values)[:, self._number, None] ^ self._changes).ravel()
        starts, ends = self._starts[sought], self._starts[sought.astype(np.int64) + 1]
        lengths = ends - starts
        # The runs of the table from each start to its end, one behind the other.
        at = np.repeat(starts - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum())
        of = np.repeat(np.repeat(values, len(self._changes)), lengths)
        differing = np.bitwise_count(self._hashes[at] ^ of)
        near = np.flatnonzero(differing <= _NEAR)
        return self._places[at[near]].astype(np.int64), differing[near]


def _words(values: Hashes) -> _Words:
    return np.ascontiguousarray(values).view(np.uint16).reshape(-1, _WORDS)


def _changes(most: int) -> _Words:
    """Return every word with at most so many bits, which are those that change."""
    bits = [sum(1 << bit for bit in some) for size in range(most + 1) for some in combinations(range(_WORD_BITS), size)]
    return np.array(bits, np.uint16)

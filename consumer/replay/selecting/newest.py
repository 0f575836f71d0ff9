"""Which records of a partition still count: of each key the newest event, unless the asset was removed after it. Pure.

A record costs 41 bytes while a partition is judged, and what was chosen of it 8 bytes afterwards.
"""

from __future__ import annotations

import hashlib
from array import array

import numpy as np
import numpy.typing as npt

_KEY_BYTES = 16
_KEY = np.dtype(f"V{_KEY_BYTES}")
Offsets = npt.NDArray[np.int64]
Keys = npt.NDArray[np.void]


def key_digest(key: bytes) -> bytes:
    """Return 16 bytes that stand for a key; two keys share them by chance never in practice."""
    return hashlib.blake2b(key, digest_size=_KEY_BYTES).digest()


class Newest:
    """Gathers the records of one partition in offset order, then tells which of them count."""

    def __init__(self) -> None:
        self._keys = bytearray()
        self._offsets = array("q")
        self._ranks = array("q")
        self._ties = array("q")
        self._tombstones = array("b")

    def add_event(self, key: bytes, offset: int, rank: int, tie: int = 0) -> None:
        """Note an event; of one key's events the one of highest rank counts, then of highest tie, then the last."""
        self._add(key, offset, rank, tie, tombstone=False)

    def add_tombstone(self, key: bytes, offset: int) -> None:
        """Note a removal, which voids all that lies before it."""
        self._add(key, offset, 0, 0, tombstone=True)

    def __len__(self) -> int:
        return len(self._offsets)

    def chosen(self) -> Offsets:
        """Return the offsets of the events that count, ascending."""
        return self.chosen_with_keys()[0]

    def chosen_with_keys(self) -> tuple[Offsets, Keys]:
        """Return the offsets of the events that count, ascending, and the digest of each one's key."""
        keys = np.frombuffer(bytes(self._keys), dtype=_KEY)
        if not self._offsets:
            return np.empty(0, np.int64), keys
        offsets = np.array(self._offsets, np.int64)
        ranks, ties = np.array(self._ranks, np.int64), np.array(self._ties, np.int64)
        tombstones = np.array(self._tombstones, bool)
        _, group = np.unique(keys, return_inverse=True)
        groups = int(group.max()) + 1
        removed_at = np.full(groups, -1, np.int64)
        np.maximum.at(removed_at, group[tombstones], offsets[tombstones])
        alive = ~tombstones & (offsets > removed_at[group])
        rows = np.flatnonzero(alive)
        order = rows[np.lexsort((offsets[rows], ties[rows], ranks[rows], group[rows]))]
        last_of_group = np.ones(len(order), bool)
        last_of_group[:-1] = np.diff(group[order]) != 0
        # Rows were added in offset order.
        counting = np.sort(order[last_of_group])
        return offsets[counting], keys[counting]

    def _add(self, key: bytes, offset: int, rank: int, tie: int, *, tombstone: bool) -> None:
        self._keys += key_digest(key)
        self._offsets.append(offset)
        self._ranks.append(rank)
        self._ties.append(tie)
        self._tombstones.append(tombstone)


class Chosen:
    """Sorted offsets of one partition."""

    __slots__ = ("_offsets",)

    def __init__(self, offsets: Offsets) -> None:
        self._offsets = offsets

    def __len__(self) -> int:
        return len(self._offsets)

    def __contains__(self, offset: int) -> bool:
        place = int(np.searchsorted(self._offsets, offset))
        return place < len(self._offsets) and int(self._offsets[place]) == offset

    def before(self, offset: int) -> int:
        """Return how many of them lie before this offset."""
        return int(np.searchsorted(self._offsets, offset))

"""The index of perceptual hashes finds what comparing every hash with every other would find."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from consumer.findings.hashes import Hashes
from consumer.searching.hash_index import _NEAR, _UNSORTED, HashIndex

_SORTED_AND_MORE = _UNSORTED + 500
seeds = st.integers(0, 2**32 - 1)


def random_hashes(count: int, seed: int) -> Hashes:
    return np.random.default_rng(seed).integers(0, 2**64, count, dtype=np.uint64, endpoint=False)


def changed(value: np.uint64, bits: list[int]) -> np.uint64:
    return value ^ np.uint64(sum(1 << bit for bit in bits))


def filled(values: Hashes) -> HashIndex:
    index = HashIndex()
    for number, value in enumerate(values):
        index.add_hashes(str(number), np.array([value]))
    return index


_LIBRARY = random_hashes(_SORTED_AND_MORE, 7)
_INDEX = filled(_LIBRARY)


@given(
    owner=st.integers(0, _SORTED_AND_MORE - 1),
    bits=st.lists(st.integers(0, 63), unique=True, min_size=0, max_size=_NEAR + 2),
)
def test_what_differs_in_as_many_bits_as_may_be_is_found_wherever_they_are(owner: int, bits: list[int]) -> None:
    near = _INDEX.near_hashes(np.array([changed(_LIBRARY[owner], bits)]))

    assert (str(owner) in near) is (len(bits) <= _NEAR)


@given(seed=seeds)
def test_the_index_agrees_with_comparing_all(seed: int) -> None:
    """Hashes that crowd: of a few kinds, each a few bits from its kind."""
    random = np.random.default_rng(seed)
    kinds = random_hashes(8, seed)
    sought = np.array([changed(kind, random.choice(64, 5, replace=False).tolist()) for kind in kinds[:3]])
    distances = np.bitwise_count(_LIBRARY[:, None] ^ sought).min(axis=1)
    expected = [str(at) for at in np.lexsort((np.arange(len(distances)), distances)) if distances[at] <= _NEAR]

    assert _INDEX.near_hashes(sought) == expected[:32]


def test_crowded_hashes_are_all_found_across_what_is_sorted_and_what_is_not() -> None:
    random = np.random.default_rng(3)
    kinds = random_hashes(2000, 3)
    values = np.array(
        [changed(random.choice(kinds), random.choice(64, 6, replace=False).tolist()) for _ in range(_SORTED_AND_MORE)]
    )
    index = filled(values)
    for kind in kinds[:20]:
        distances = np.bitwise_count(values ^ kind)
        order = np.lexsort((np.arange(len(values)), distances))

        assert index.near_hashes(np.array([kind])) == [str(at) for at in order if distances[at] <= _NEAR][:32]


def test_an_index_that_holds_nothing_finds_nothing() -> None:
    assert HashIndex().near_hashes(random_hashes(16, 1)) == []
    assert len(HashIndex()) == 0

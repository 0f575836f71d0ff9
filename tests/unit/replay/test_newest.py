"""Which records of a partition still count."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from consumer.replay.selecting.newest import Chosen, Newest, key_digest

# A key, and the rank and tie of its event; None: a removal.
Record = tuple[bytes, tuple[int, int] | None]
_ranks = st.tuples(st.integers(0, 4), st.integers(0, 2))
_records = st.lists(st.tuples(st.sampled_from([b"a", b"b", b"c", b""]), st.none() | _ranks), max_size=30)


def _told(records: list[Record], first: int = 0, step: int = 1) -> Newest:
    newest = Newest()
    for number, (key, rank) in enumerate(records):
        offset = first + number * step
        if rank is None:
            newest.add_tombstone(key, offset)
        else:
            newest.add_event(key, offset, *rank)
    return newest


@given(records=_records, first=st.integers(0, 2**40), step=st.integers(1, 1000))
def test_it_chooses_what_a_walk_over_the_log_would(records: list[Record], first: int, step: int) -> None:
    """The plain way: a dictionary, cleared by removals, in which an event gives way to one of no lower rank."""
    alive: dict[bytes, tuple[tuple[int, int], int]] = {}
    for number, (key, rank) in enumerate(records):
        if rank is None:
            alive.pop(key, None)
        elif key not in alive or alive[key][0] <= rank:
            alive[key] = (rank, first + number * step)

    chosen, keys = _told(records, first, step).chosen_with_keys()

    expected = sorted((offset, key_digest(key)) for key, (_, offset) in alive.items())
    assert list(zip(chosen.tolist(), map(bytes, keys), strict=True)) == expected


def test_an_event_that_was_spooled_and_came_late_does_not_win() -> None:
    """Newest is what was extracted last, not what was written last."""
    assert _told([(b"a", (9, 0)), (b"a", (3, 0))]).chosen().tolist() == [0]


@given(st.sets(st.integers(0, 200)), st.integers(0, 201))
def test_offsets_are_found_and_counted(offsets: set[int], offset: int) -> None:
    chosen = Chosen(np.array(sorted(offsets), np.int64))
    assert (offset in chosen) == (offset in offsets)
    assert chosen.before(offset) == sum(one < offset for one in offsets)
    assert len(chosen) == len(offsets)

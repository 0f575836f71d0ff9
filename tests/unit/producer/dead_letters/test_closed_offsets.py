"""What is closed stays closed, what is open stays open, whatever order letters are closed in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer_tools.dead_letters.closed_offsets import MAX_METADATA_CHARS, ClosedOffsets
from producer_tools.dead_letters.errors import ScatteredError

RANGES = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 8)), max_size=25)


def _closed(start: int, ranges: list[tuple[int, int]]) -> tuple[ClosedOffsets, set[int]]:
    closed, model = ClosedOffsets(start), set(range(start))
    for first, more in ranges:
        closed.close(first, first + more)
        model |= set(range(first, first + more + 1))
    return closed, model


@given(start=st.integers(0, 20), ranges=RANGES)
def test_it_is_a_set_of_offsets(start: int, ranges: list[tuple[int, int]]) -> None:
    """The same as a plain set, for every question."""
    closed, model = _closed(start, ranges)

    assert {offset for offset in range(80) if offset in closed} == {offset for offset in range(80) if offset in model}
    assert closed.next_offset == next(offset for offset in range(81) if offset not in model)
    assert closed.count(10, 50) == len(model & set(range(10, 50)))


@given(start=st.integers(0, 20), ranges=RANGES)
def test_it_survives_a_commit(start: int, ranges: list[tuple[int, int]]) -> None:
    """As an offset and its metadata."""
    closed, _ = _closed(start, ranges)

    again = ClosedOffsets.decode(closed.next_offset, closed.encode())

    assert [offset in again for offset in range(90)] == [offset in closed for offset in range(90)]
    assert again.encode() == closed.encode()


def test_closing_from_the_front_leaves_no_metadata() -> None:
    """The usual case: the group's lag is its backlog."""
    closed = ClosedOffsets(5)
    for offset in (7, 5, 6):
        closed.close(offset)

    assert (closed.next_offset, closed.encode()) == (8, "")


@pytest.mark.parametrize("metadata", ["somebody else's", "1", "1 -2", "1 0", "3 2 1"])
def test_metadata_of_somebody_else_counts_as_none(metadata: str) -> None:
    """A tool that resets offsets may write any."""
    closed = ClosedOffsets.decode(5, metadata)

    assert 4 in closed
    assert not any(offset in closed for offset in range(5, 20))


def test_too_scattered_to_be_kept_is_told_before_it_is_lost() -> None:
    """With what to do about it; a thousand ranges fit."""
    closed = ClosedOffsets(0)
    for offset in range(1, 2000, 2):
        closed.close(offset)
    assert len(closed.encode()) <= MAX_METADATA_CHARS

    for offset in range(2001, 4001, 2):
        closed.close(offset)

    with pytest.raises(ScatteredError, match="from offset 0 on first"):
        closed.encode()

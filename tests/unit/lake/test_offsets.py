"""Which records a table holds, as its snapshots tell it."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from consumer.storage.lake.offsets import HeldOffsets, Ranges, RecordPlace

spans = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 8)), max_size=20)


def place(offset: int, follows: int | None = None, *, topic: str = "id", partition: int = 0) -> RecordPlace:
    return RecordPlace(topic, partition, offset, offset if follows is None else follows)


@given(spans)
def test_ranges_hold_what_was_added_and_nothing_else(added: list[tuple[int, int]]) -> None:
    ranges, expected = Ranges(), set[int]()
    for first, length in added:
        ranges.add(first, first + length)
        expected |= set(range(first, first + length))

    assert {offset for offset in range(80) if offset in ranges} == expected
    # As few ranges as there are runs.
    assert len(ranges) == len({offset for offset in expected if offset - 1 not in expected})
    assert not added or Ranges.decode(ranges.encode()).encode() == ranges.encode()


@given(st.permutations(range(8)))
def test_records_that_come_in_any_order_become_one_range(order: list[int]) -> None:
    held = HeldOffsets()
    offsets = [3, 4, 9, 10, 20, 21, 22, 40]
    for number in order:
        held.add(place(offsets[number], offsets[number - 1] + 1 if number else None))

    assert json.loads(held.encode()) == {"id": {"0": "3-41"}}


def test_what_is_not_known_to_be_a_gap_stays_open() -> None:
    held = HeldOffsets()
    held.add(place(0))
    held.add(place(5))

    assert [offset for offset in range(8) if place(offset) in held] == [0, 5]


def test_partitions_and_topics_are_told_apart() -> None:
    held = HeldOffsets()
    held.add(place(3, partition=1))

    assert place(3, partition=1) in held
    assert place(3) not in held
    assert place(3, partition=1, topic="made anew") not in held


def test_of_topics_that_were_made_anew_the_oldest_are_forgotten() -> None:
    held = HeldOffsets()
    for topic in "abcdea":
        held.add(place(0, topic=topic))

    assert list(json.loads(held.encode())) == ["c", "d", "e", "a"]


@given(st.dictionaries(st.integers(0, 3), spans.filter(bool), max_size=3))
def test_what_is_encoded_is_read_back(added: dict[int, list[tuple[int, int]]]) -> None:
    held = HeldOffsets()
    for partition, items in added.items():
        for first, length in items:
            held.add(place(first + length - 1, first, partition=partition))

    assert HeldOffsets.decode(held.encode()).encode() == held.encode()

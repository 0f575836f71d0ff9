"""The ledger never lets a commit pass an unfinished record, and always reaches the end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from consumer.stream.partitions.ledger import OffsetLedger

OFFSETS = st.lists(st.integers(min_value=0, max_value=10_000), unique=True, min_size=1, max_size=60).map(sorted)


@given(offsets=OFFSETS, data=st.data())
def test_any_order_of_completions_ends_after_the_last_record(offsets: list[int], data: st.DataObject) -> None:
    """Whatever the order, with gaps, everything finished means the watermark is behind the last offset."""
    ledger = OffsetLedger()
    for offset in offsets:
        ledger.track(offset)

    for offset in data.draw(st.permutations(offsets)):
        ledger.finish(offset)

    assert ledger.watermark == offsets[-1] + 1
    assert ledger.unfinished == 0
    assert ledger.oldest_unfinished is None


@given(offsets=OFFSETS, data=st.data())
def test_the_watermark_is_always_the_oldest_unfinished_record_or_the_end(
    offsets: list[int], data: st.DataObject
) -> None:
    """After each completion the watermark covers exactly the finished records in front."""
    ledger = OffsetLedger()
    for offset in offsets:
        ledger.track(offset)
    unfinished = set(offsets)

    for offset in data.draw(st.permutations(offsets)):
        ledger.finish(offset)
        unfinished.remove(offset)
        in_front = [done for done in offsets if done < min(unfinished, default=offsets[-1] + 1)]
        assert ledger.watermark == (in_front[-1] + 1 if in_front else None)


class LedgerMachine(RuleBasedStateMachine):
    """Tracks, finishes and commits interleaved at will, against a model that is a plain list."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger = OffsetLedger()
        self.tracked: list[int] = []
        self.unfinished: set[int] = set()
        self.next_offset = 0

    @rule(gap=st.integers(min_value=0, max_value=5))
    def track(self, gap: int) -> None:
        offset = self.next_offset + gap
        self.ledger.track(offset)
        self.tracked.append(offset)
        self.unfinished.add(offset)
        self.next_offset = offset + 1

    @precondition(lambda self: self.unfinished)
    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        offset = data.draw(st.sampled_from(sorted(self.unfinished)))
        self.ledger.finish(offset)
        self.unfinished.remove(offset)

    @precondition(lambda self: self.ledger.committable is not None)
    @rule()
    def commit(self) -> None:
        committable = self.ledger.committable
        assert committable is not None
        self.ledger.committed(committable)
        assert self.ledger.committable is None

    @invariant()
    def never_passes_an_unfinished_record(self) -> None:
        watermark = self.ledger.watermark
        assert watermark is None or all(offset >= watermark for offset in self.unfinished)

    @invariant()
    def counts_what_is_unfinished(self) -> None:
        assert self.ledger.unfinished == len(self.unfinished)

    @invariant()
    def reaches_the_end_when_all_is_finished(self) -> None:
        if self.tracked and not self.unfinished:
            assert self.ledger.watermark == self.tracked[-1] + 1


TestLedgerMachine = LedgerMachine.TestCase


@pytest.mark.parametrize("offset", [4, 5])
def test_an_offset_that_was_passed_is_refused(offset: int) -> None:
    """Receiving a record twice in one ownership would be a defect of ours, and is told."""
    ledger = OffsetLedger()
    ledger.track(5)

    with pytest.raises(ValueError, match="received after 5"):
        ledger.track(offset)


def test_an_offset_behind_the_watermark_is_refused() -> None:
    """Also when everything before is finished already."""
    ledger = OffsetLedger()
    ledger.track(5)
    ledger.finish(5)

    with pytest.raises(ValueError, match="received after 5"):
        ledger.track(5)
    ledger.track(6)


def test_a_record_is_finished_once() -> None:
    """Finishing twice, or what was never tracked, is a defect of ours, and is told."""
    ledger = OffsetLedger()
    ledger.track(1)
    ledger.track(2)
    ledger.finish(2)

    with pytest.raises(ValueError, match="offset 2"):
        ledger.finish(2)
    with pytest.raises(ValueError, match="offset 7"):
        ledger.finish(7)


def test_an_offset_in_a_gap_cannot_be_finished() -> None:
    """It was never received, however near its neighbours are."""
    ledger = OffsetLedger()
    ledger.track(1)
    ledger.track(3)

    with pytest.raises(ValueError, match="offset 2 is not waiting"):
        ledger.finish(2)
    assert ledger.unfinished == 2


@given(offsets=OFFSETS, offset=st.integers(min_value=0, max_value=10_001))
def test_only_an_offset_above_all_others_comes_next(offsets: list[int], offset: int) -> None:
    """Whether the others are finished or not."""
    ledger = OffsetLedger()
    for number, received in enumerate(offsets):
        assert ledger.is_next(received)
        ledger.track(received)
        if number % 2:
            ledger.finish(received)

    assert ledger.is_next(offset) == (offset > offsets[-1])


def test_a_commit_that_arrives_late_does_not_move_back() -> None:
    """A confirmation of an older commit leaves the newer one standing."""
    ledger = OffsetLedger()
    for offset in (0, 1):
        ledger.track(offset)
        ledger.finish(offset)

    ledger.committed(2)
    ledger.committed(1)

    assert ledger.committable is None


def test_offset_zero_is_the_first_record_of_a_partition() -> None:
    """The very first offset is tracked, finished and committed as 1."""
    ledger = OffsetLedger()
    ledger.track(0)
    assert ledger.committable is None
    assert ledger.oldest_unfinished == 0

    ledger.finish(0)

    assert ledger.committable == 1

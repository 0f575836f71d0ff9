"""What each word of a question tells."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.searching.by_names import DEPTH, told_by

counts = st.lists(st.integers(0, DEPTH), max_size=16)


def test_the_rarer_word_tells_more_and_one_that_no_name_holds_nothing() -> None:
    rare, frequent, absent = told_by([2, 200, 0])

    assert rare > frequent > absent == 0


@given(counts=counts)
def test_together_words_tell_all_that_there_is_to_tell(counts: list[int]) -> None:
    assert sum(told_by(counts)) == pytest.approx(1 if any(counts) else 0)

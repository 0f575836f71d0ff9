"""What changes between two taggings, and how far a sample tells of the whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.tagging.scoring.changes import Change, by_tag, share_between
from schemas import Tag

NAMES = ("tree", "boat", "dark")
tags = st.dictionaries(st.sampled_from(NAMES), st.floats(0, 1)).map(
    lambda found: tuple(
        Tag(tag=name, category="c", confidence=confidence, source_model="m") for name, confidence in found.items()
    )
)
changes = st.builds(Change, asset_id=st.text(min_size=1), before=tags, after=tags)


def _tag(name: str, confidence: float = 0.5) -> Tag:
    return Tag(tag=name, category="c", confidence=confidence, source_model="m")


def test_tags_that_come_and_go_make_a_change_and_their_confidence_its_size() -> None:
    change = Change("a", before=(_tag("tree", 0.9), _tag("boat", 0.6)), after=(_tag("tree", 0.5), _tag("dark", 0.8)))

    assert [tag.tag for tag in change.gained] == ["dark"]
    assert [tag.tag for tag in change.lost] == ["boat"]
    assert change.is_one
    assert change.size == pytest.approx(1.4)


def test_confidences_that_move_alone_are_no_change() -> None:
    change = Change("a", before=(_tag("tree", 0.9),), after=(_tag("tree", 0.5),))

    assert not change.is_one
    assert change.size == 0


@given(st.lists(changes, max_size=8))
def test_the_counts_of_a_tag_add_up(found: list[Change]) -> None:
    """What was, what came and what went give what is."""
    for one in by_tag(found):
        assert one.before + one.gained - one.lost == one.after
        assert one.after == sum(one.tag in {tag.tag for tag in change.after} for change in found)
    assert sum(one.gained + one.lost for one in by_tag(found)) == sum(
        len(change.gained) + len(change.lost) for change in found
    )


@given(st.integers(0, 400), st.integers(0, 400))
def test_the_bounds_hold_the_share_and_narrow_with_the_sample(hits: int, misses: int) -> None:
    low, high = share_between(hits, hits + misses)

    assert 0 <= low <= high <= 1
    if hits + misses:
        assert low - 1e-9 <= hits / (hits + misses) <= high + 1e-9
        wider = share_between(hits * 4, (hits + misses) * 4)
        assert wider[1] - wider[0] <= high - low


def test_bounds_as_others_compute_them() -> None:
    """10 of 50, as statsmodels' proportion_confint(method="wilson")."""
    assert share_between(10, 50) == pytest.approx((0.1124, 0.3304), abs=1e-4)

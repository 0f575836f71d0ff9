"""What of a batch counts, and how an event becomes a row."""

from __future__ import annotations

import json
from itertools import pairwise, permutations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.storage.tables.rows import TaggedRow, Tombstone, settle
from tests.unit.storage.samples import LyingHistory, lying_histories, row, tagged, tombstone

_entries = st.lists(
    st.one_of(
        st.builds(
            lambda asset, extracted, later: row(asset, extracted=extracted, tagged=extracted + later),
            st.sampled_from("ab"),
            st.integers(0, 5),
            st.integers(0, 5),
        ),
        st.builds(lambda asset, removed: tombstone(asset, removed=removed), st.sampled_from("ab"), st.integers(0, 10)),
    ),
    max_size=8,
)


@given(_entries, st.randoms())
def test_the_order_of_a_batch_does_not_matter(entries: list[TaggedRow | Tombstone], chance: Random) -> None:
    """Whatever order a batch comes in, the same rows and removals count."""
    shuffled = list(entries)
    chance.shuffle(shuffled)
    assert settle(shuffled) == settle(entries)


@given(_entries)
def test_each_asset_counts_once_and_no_row_outlives_its_removal(entries: list[TaggedRow | Tombstone]) -> None:
    settled = settle(entries)
    asset_ids = [kept.asset_id for kept in settled.rows]
    assert asset_ids == sorted(set(asset_ids))
    for removal in settled.removals:
        assert all(kept.extracted_at > removal.removed_at for kept in settled.rows if kept.asset_id == removal.asset_id)


@given(lying_histories, st.randoms())
def test_the_order_on_the_topic_decides_between_events_and_removals_whatever_their_clocks_say(
    history: LyingHistory, chance: Random
) -> None:
    """A removal always removes what lies before it, and what lies behind it comes back."""
    shuffled = list(history)
    chance.shuffle(shuffled)
    assert settle(shuffled).rows == _what_is_left(history)


@given(lying_histories)
def test_two_removals_joined_void_what_either_does(history: LyingHistory) -> None:
    removals = [entry for entry in history if isinstance(entry, Tombstone)]
    rows = [entry for entry in history if isinstance(entry, TaggedRow)]
    for first, second in pairwise(removals):
        joined = first.joined(second)
        assert joined == second.joined(first)
        assert [joined.voids(one) for one in rows] == [first.voids(one) or second.voids(one) for one in rows]


def _what_is_left(history: LyingHistory) -> tuple[TaggedRow, ...]:
    last = max((number for number, entry in enumerate(history) if isinstance(entry, Tombstone)), default=-1)
    behind = [entry for entry in history[last + 1 :] if isinstance(entry, TaggedRow)]
    return (max(behind, key=lambda entry: entry.rank),) if behind else ()


def test_the_newest_extraction_wins_then_the_newest_tagging() -> None:
    old, newer, newest = row(extracted=1, tagged=9), row(extracted=2, tagged=3), row(extracted=2, tagged=4)
    for order in permutations((old, newer, newest)):
        assert settle(order).rows == (newest,)


def test_an_asset_extracted_again_after_its_removal_is_kept() -> None:
    """Although both waited for the tagger, and in whatever order they came out of it."""
    again = row(extracted=101, tagged=500)
    assert settle([tombstone(removed=100), again]).rows == (again,)
    assert settle([again, tombstone(removed=100)]).rows == (again,)


@pytest.mark.parametrize("tagged_at", [99, 101, 10_000])
def test_an_event_from_before_the_removal_stays_out_whenever_it_was_tagged(tagged_at: int) -> None:
    """A tagger that was stopped for a while may tag it long after another one passed the removal on."""
    settled = settle([tombstone(removed=100), row(extracted=5, tagged=tagged_at)])
    assert settled.rows == ()
    assert settled.removals == (tombstone(removed=100),)


def test_a_tag_that_two_sources_found_is_one_row_with_the_higher_confidence() -> None:
    tags = [
        {"tag": "icon", "category": "texture_roles", "confidence": 0.9, "source_model": "pixels"},
        {"tag": "icon", "category": "texture_roles", "confidence": 0.4, "source_model": "clip"},
    ]
    (found,) = tagged(tags=tags).tags
    assert (found.confidence, found.source_model) == (0.9, "pixels")


def test_a_nul_in_a_description_is_replaced() -> None:
    """Strings out of game files hold such things; the tags are worth more than the character."""
    found = tagged(source={"name": "T_Rifle\x00\x00", "archive": "x"}).source
    assert json.loads(found or "") == {
        "archive": "x",
        "name": "T_Rifle\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}",
    }


def test_a_backslash_before_u0000_is_no_nul() -> None:
    found = tagged(source={"name": "a\\u0000"}).source
    assert json.loads(found or "") == {"name": "a\\u0000"}

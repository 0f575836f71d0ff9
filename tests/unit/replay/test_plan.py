"""Plans: where a run begins, what a commit carries, and when it is done."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.replay.pace import in_flight_at
from consumer.replay.plans.plan import PartitionPlan, Plan, Start
from consumer.replay.selecting.filters import AssetFilter
from schemas import AssetExtracted
from schemas.documents.examples import extracted_full

_parts = st.builds(PartitionPlan, st.integers(0, 2**60), st.integers(0, 2**60), st.text(max_size=99))


@given(_parts)
def test_a_plan_comes_back_from_a_commit_as_it_went(part: PartitionPlan) -> None:
    assert PartitionPlan.from_metadata(part.to_metadata()) == part


@given(st.text(max_size=60) | st.sampled_from(["{}", "[]", "null", '{"plan":1}', '{"plan":2,"start":0,"end":1}']))
def test_any_other_metadata_is_no_plan(text: str) -> None:
    assert PartitionPlan.from_metadata(text) is None


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("beginning", Start()),
        ("17", Start(offset=17)),
        ("0:5,3:0", Start(offsets={0: 5, 3: 0})),
        ("1970-01-01T00:00:01Z", Start(time_ms=1000)),
        ("1970-01-01T01:00:01+01:00", Start(time_ms=1000)),
        ("1970-01-01", Start(time_ms=0)),
    ],
)
def test_where_it_starts(text: str, start: Start) -> None:
    assert Start.parse(text) == start


@pytest.mark.parametrize("text", ["", "end", "-1", "1:", "1:2,", "1.5", "yesterday"])
def test_what_is_no_start_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="2026-01-31T12:00:00Z"):
        Start.parse(text)


def test_done_is_when_every_partition_reached_its_end() -> None:
    plan = Plan({0: PartitionPlan(0, 5, ""), 1: PartitionPlan(3, 3, "")})
    assert not plan.is_done({})
    assert not plan.is_done({0: 5})
    assert not plan.is_done({0: 4, 1: 3})
    assert plan.is_done({0: 5, 1: 3, 7: 0})
    assert plan.covers(0, 4)
    assert not plan.covers(0, 5)
    assert not plan.covers(2, 0)


def test_filters_say_what_they_are_whatever_order_they_came_in() -> None:
    """Processes that mean the same must be found to do so."""
    texts = ["older", "tag=weapon", "asset=b*", "asset=a*", "archive=x"]
    assert str(AssetFilter.parse(texts)) == str(AssetFilter.parse(texts[::-1]))
    assert str(AssetFilter()) == "all assets"
    with pytest.raises(ValueError, match="asset=PATTERN"):
        AssetFilter.parse(["asset="])


def test_patterns_match_whole_texts_case_and_all() -> None:
    event = AssetExtracted.model_validate(extracted_full())
    bare = event.model_copy(update={"source": None})
    for filters, matches in (
        (["asset=demo-game/*"], True),
        (["asset=demo-game"], False),
        (["asset=DEMO-GAME/*"], False),
        (["archive=*.unity3d"], True),
        (["archive=*.unity3d", "asset=x*"], False),
    ):
        assert AssetFilter.parse(filters).matches_event(event) == matches
    assert not AssetFilter.parse(["archive=*.unity3d"]).matches_event(bare)


def test_a_slow_pace_holds_few_records() -> None:
    assert (in_flight_at(None, 64), in_flight_at(1000, 64), in_flight_at(5, 64), in_flight_at(0.1, 64)) == (
        64,
        64,
        5,
        1,
    )

"""Several rankings made one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from consumer.searching.fusing import Ranking, fuse

ids = st.lists(st.text("abcdef", min_size=1, max_size=2), max_size=12, unique=True)


def test_what_several_evidences_find_comes_before_what_one_does() -> None:
    fused = fuse([Ranking("tag", ["a", "both"]), Ranking("looks", ["b", "both"])])

    assert [item.asset_id for item in fused] == ["both", "a", "b"]
    assert fused[0].evidences == ("looks", "tag")


def test_a_heavier_evidence_leads() -> None:
    fused = fuse([Ranking("looks", ["seen"]), Ranking("tag", ["seen"]), Ranking("name", ["called", "so"], 3.0)])

    assert [item.asset_id for item in fused] == ["called", "so", "seen"]


def test_what_two_rankings_by_one_evidence_say_adds_up() -> None:
    """All words of a question, or one of them: an asset that has all has each, too."""
    fused = fuse([Ranking("name", ["all"], 3.0), Ranking("name", ["some", "all"], 2.9), Ranking("looks", ["some"])])

    assert [(item.asset_id, item.evidences) for item in fused] == [("all", ("name",)), ("some", ("name", "looks"))]


@given(first=ids, second=ids)
def test_everything_that_was_found_stands_there_once(first: list[str], second: list[str]) -> None:
    fused = [item.asset_id for item in fuse([Ranking("name", first), Ranking("looks", second)])]

    assert sorted(fused) == sorted({*first, *second})


@given(ranking=ids)
def test_one_ranking_alone_keeps_its_order(ranking: list[str]) -> None:
    assert [item.asset_id for item in fuse([Ranking("looks", ranking)])] == ranking

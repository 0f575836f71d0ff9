"""The order in which a person is asked, and how far the answers can be trusted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.gateway.page.queue import Agreement, review_queue, wilson
from consumer.storage.tables.facets import STEPS
from consumer.tagging.bundle.taught import Gain, Taught
from tests.unit.page.test_facets import NAMES, library, textures

WEAPON, VEHICLE, METAL, _ = NAMES


def test_the_least_sure_guess_comes_first_and_what_is_no_guess_never() -> None:
    found = [{WEAPON: 19}, {WEAPON: 10}, {METAL: 10}, {WEAPON: 16}]
    assert review_queue(library(found), (), 10) == ["1", "3", "0"]


def test_of_two_guesses_the_tag_of_more_textures_comes_first() -> None:
    found = [{VEHICLE: 10}, {WEAPON: 10}, {WEAPON: 20}, {WEAPON: 20}]
    assert review_queue(library(found), (), 2) == ["1", "0"]


@given(textures, st.integers(1, 10))
def test_it_holds_each_texture_once_and_only_those_of_the_filter(
    found: list[dict[tuple[str, str], int]], most: int
) -> None:
    queue = review_queue(library(found), ("weapon",), most)
    assert len(queue) == len(set(queue)) <= most
    assert all(WEAPON in found[int(number)] for number in queue)
    certain = [str(number) for number, tags in enumerate(found) if all(step == STEPS for step in tags.values())]
    assert not set(certain) & set(queue)


@given(st.integers(0, 200), st.integers(1, 200))
def test_the_interval_holds_the_share_and_narrows(hits: int, more: int) -> None:
    of = hits + more
    low, high = wilson(hits, of)
    assert 0 <= low <= hits / of <= high <= 1
    narrow_low, narrow_high = wilson(hits * 10, of * 10)
    assert narrow_high - narrow_low <= high - low


def test_the_agreement_is_told_in_a_sentence() -> None:
    assert Agreement(45, 60).sentence == "60 verdicts on tags of 70% or surer: 75% are right (63% to 84%)"
    assert Agreement(0, 0).sentence == ""
    assert wilson(45, 60) == pytest.approx((0.627, 0.842), abs=0.002)


def test_the_gain_of_verdicts_is_told_and_how_many_wait() -> None:
    taught = Taught(verdicts=60, assets=50, gain=Gain(before=0.742, after=0.813, error=0.031), categories={})
    told = "60 verdicts: precision at 0.7 from 0.74 to 0.81 ± 0.03"
    assert Agreement(0, 0, 60).gain(taught) == told
    assert Agreement(0, 0, 72).gain(taught) == f"{told}; 12 more verdicts wait to teach the model"
    assert Agreement(0, 0, 12).gain(None) == "12 verdicts wait to teach the model"
    assert Agreement(0, 0, 0).gain(None) == ""


def test_without_a_sure_tag_the_gain_says_so() -> None:
    silent = Taught(verdicts=9, assets=9, gain=Gain(before=None, after=None, error=None), categories={})
    first = Taught(verdicts=9, assets=9, gain=Gain(before=None, after=0.9, error=0.1), categories={})
    assert silent.sentence == "9 verdicts: none of the judged tags reaches 0.7"
    assert first.sentence == "9 verdicts: precision at 0.7 from unknown (no judged tag was so sure) to 0.90 ± 0.10"

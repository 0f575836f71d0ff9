"""A gallery's address says all of what it shows."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import QueryParams

from consumer.gateway.page.state import MAX_TAGS, GalleryState, gallery_state, texture_url
from consumer.gateway.refusals import RefusedError
from consumer.storage.tables.gallery import Place, Sort

texts = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=40)
states = st.builds(
    GalleryState,
    tags=st.lists(texts, max_size=MAX_TAGS, unique=True).map(tuple),
    findings=st.lists(texts, max_size=MAX_TAGS, unique=True).map(tuple),
    relation=st.just("") | texts,
    min_confidence=st.integers(0, 20).map(lambda step: step / 20),
    sort=st.sampled_from([None, *Sort]),
    words=texts.map(lambda text: " ".join(text.split())),
    like=st.just("") | texts,
    after=st.just("") | texts,
)


def read(url: str) -> GalleryState:
    return gallery_state(QueryParams(parse_qsl(urlsplit(url).query, keep_blank_values=True)))


@given(states)
def test_a_state_is_read_back_from_its_address(state: GalleryState) -> None:
    assert read(state.url) == state


@given(states, texts)
def test_a_facet_chosen_twice_is_not_chosen(state: GalleryState, tag: str) -> None:
    assert set(state.toggled(tag).toggled(tag).tags) == set(state.tags)
    assert (tag in state.toggled(tag).tags) is (tag not in state.tags)


@given(states, texts)
def test_of_relations_one_is_chosen_at_a_time(state: GalleryState, name: str) -> None:
    assert state.toggled_relation(name).relation == ("" if name == state.relation else name)


@given(st.floats(0, 1, width=32), texts)
def test_the_next_page_begins_where_this_one_ended(confidence: float, asset_id: str) -> None:
    for sort in (Sort.SUREST, Sort.LEAST_SURE):
        place = Place(confidence, asset_id)
        assert read(GalleryState(sort=sort).beyond(place).url).place() == place
    moment = Place(datetime(2026, 11, 29, 17, 0, 0, 123456, UTC), asset_id)
    assert read(GalleryState().beyond(moment).url).place() == moment


@given(st.integers(0, 900), texts)
def test_the_next_results_of_a_search_begin_behind_these(count: int, words: str) -> None:
    state = GalleryState(words=" ".join(words.split()) or "sword")
    assert read(state.after_results(count).url).offset() == count


def test_an_offset_that_is_none_is_refused() -> None:
    for after in ("-1", "x", "1.5", "9" * 30, "²"):
        with pytest.raises(RefusedError):
            GalleryState(words="sword", after=after).offset()


@pytest.mark.parametrize("after", ["nonsense", "2.5 a", "nan a", "2026-11-29 a", "0.5", "0.5 "])
def test_a_page_that_is_none_is_refused(after: str) -> None:
    with pytest.raises(RefusedError):
        GalleryState(sort=Sort.SUREST, after=after).place()


@given(st.dictionaries(st.sampled_from(["q", "tag", "min", "sort", "like"]), st.text()))
def test_whatever_stands_in_the_address_a_gallery_is_shown(fields: dict[str, str]) -> None:
    state = gallery_state(QueryParams(fields))
    assert 0 <= state.min_confidence <= 1
    assert read(state.url) == state


@given(st.lists(st.sampled_from(["..", ".", "a", "b c", "#", "?", "%2F", "ä"]), min_size=1).map("/".join))
def test_a_textures_address_stays_below_its_folder(asset_id: str) -> None:
    url = texture_url(asset_id)
    assert url.startswith("/textures/")
    assert not {"..", "."} & set(url.split("/"))
    assert "?" not in url
    assert "#" not in url

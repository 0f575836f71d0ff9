"""Which tag events somebody wants to see."""

from __future__ import annotations

import pytest

from producer_tools.following.tag_stream import TagFilter
from schemas import AssetTagged, Tag
from schemas.documents.examples import tagged_full

EVENT = AssetTagged.model_validate(tagged_full()).model_copy(
    update={
        "tags": (
            Tag(tag="weapon", category="object_types", confidence=0.9, source_model="m"),
            Tag(tag="metal", category="materials", confidence=0.4, source_model="m"),
        )
    }
)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (TagFilter(), ["weapon", "metal"]),
        (TagFilter(frozenset({"weapon", "wood"})), ["weapon"]),
        (TagFilter(frozenset({"metal"}), min_confidence=0.5), []),
        (TagFilter(category="materials"), ["metal"]),
        (TagFilter(frozenset({"weapon"}), category="materials"), []),
        (TagFilter(min_confidence=0.4), ["weapon", "metal"]),
    ],
)
def test_one_tag_must_meet_all_that_is_asked(wanted: TagFilter, found: list[str]) -> None:
    assert [tag.tag for tag in wanted.matching(EVENT)] == found


def test_an_event_without_tags_is_wanted_by_those_who_want_all() -> None:
    assert TagFilter().wants_all
    assert not TagFilter(min_confidence=0.1).wants_all
    assert not TagFilter(category="materials").wants_all

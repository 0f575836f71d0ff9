"""Facet counts, exact and projected, against counting by hand."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from consumer.gateway.page.facets import Facets, facets, rarest_first, rounded
from consumer.gateway.page.leading import is_rare, is_told_rarely
from consumer.gateway.page.state import GalleryState
from consumer.storage.tables.facets import STEPS, Library, Sample

NAMES = [("object_types", "weapon"), ("object_types", "vehicle"), ("materials", "metal"), ("materials", "wood")]
textures = st.lists(st.dictionaries(st.sampled_from(NAMES), st.integers(0, STEPS)), min_size=1, max_size=30)


def library(found: list[dict[tuple[str, str], int]], *, total: int | None = None) -> Library:
    """Return the library of textures given as the steps of their tags' confidences."""
    rows = [(number, name, step) for number, tags in enumerate(found) for name, step in tags.items()]
    steps = {name: np.zeros(STEPS + 1, np.int64) for name in NAMES}
    for _, name, step in rows:
        steps[name][step] += 1
    sample = Sample(
        tuple(NAMES),
        tuple(str(number) for number in range(len(found))),
        np.array([number for number, _, _ in rows], np.int32),
        np.array([NAMES.index(name) for _, name, _ in rows], np.int16),
        np.array([step / STEPS for _, _, step in rows], np.float32),
        np.array([name[0] == "object_types" for _, name, _ in rows], np.bool_),
    )
    return Library(total or len(found), steps, sample)


def shown(found: Facets) -> dict[tuple[str, str], int]:
    return {(group.category, facet.tag): facet.count for group in found.groups for facet in group.facets}


@given(textures, st.lists(st.sampled_from(["weapon", "vehicle", "metal"]), unique=True), st.integers(0, STEPS))
def test_counts_of_a_small_library_are_those_of_counting(
    found: list[dict[tuple[str, str], int]], chosen: list[str], step: int
) -> None:
    state = GalleryState(tags=tuple(chosen), min_confidence=step / STEPS)
    sure = [{name for name, given in tags.items() if given >= step} for tags in found]
    fitting = [names for names in sure if set(chosen) <= {tag for _, tag in names}]

    counted = facets(library(found), state)

    assert counted.total == len(fitting)
    assert not counted.about
    expected = Counter(name for names in fitting for name in names)
    assert {name: count for name, count in shown(counted).items() if count} == dict(expected)


def test_a_chosen_tag_that_nothing_has_can_be_taken_back() -> None:
    state = GalleryState(tags=("dragon",))
    (facet,) = [item for group in facets(library([{}]), state).groups for item in group.facets]
    assert (facet.tag, facet.count, facet.is_chosen, facet.url) == ("dragon", 0, True, "/")


def test_a_chosen_tag_stands_in_its_category_also_where_nothing_has_all_that_was_chosen() -> None:
    textures = [{("object_types", "weapon"): 18}, {("object_types", "vehicle"): 18}]
    found = facets(library(textures), GalleryState(tags=("weapon", "vehicle")))

    assert shown(found) == {("object_types", "weapon"): 0, ("object_types", "vehicle"): 0}


def test_a_selection_of_a_large_library_is_projected_and_says_so() -> None:
    """The number of the chosen tag itself is known."""
    half = [{NAMES[0]: STEPS, NAMES[2]: STEPS} if number % 2 else {NAMES[0]: STEPS} for number in range(100)]
    counted = facets(library(half, total=1000), GalleryState(tags=("weapon",)))
    assert counted.about
    assert counted.total == 100
    assert shown(counted)["materials", "metal"] == 500


@given(st.integers(0, 10**9))
def test_a_projection_has_two_digits(value: int) -> None:
    assert abs(rounded(value) - value) <= value * 0.05
    assert len(str(rounded(value)).rstrip("0")) <= 2 or value < 100


def test_the_rarest_tag_leads_a_search() -> None:
    some = library([{NAMES[0]: 9}, {NAMES[0]: 9, NAMES[1]: 9}])
    assert rarest_first(some, ("weapon", "vehicle", "wood")) == ("wood", "vehicle", "weapon")


def test_textures_with_tags_that_exclude_each_other_are_gathered_and_not_walked_for() -> None:
    """How many there are of each tag does not tell how many have both."""
    apart = [{NAMES[number % 2]: STEPS, NAMES[2 + number % 2]: STEPS} for number in range(1000)]
    some = library(apart, total=100_000)
    steps = {name: found * 100 for name, found in some.steps.items()}
    some = replace(some, steps=steps)
    assert is_rare(some, GalleryState(tags=("weapon", "vehicle")))
    assert not is_rare(some, GalleryState(tags=("weapon", "metal")))
    assert not is_rare(some, GalleryState(tags=("weapon",)))
    assert is_rare(some, GalleryState(tags=("dragon",)))
    assert not is_rare(None, GalleryState(tags=("weapon", "vehicle")))


def test_findings_are_facets_of_their_own_and_narrow_as_tags_do() -> None:
    found = [{NAMES[0]: STEPS}, {NAMES[1]: STEPS}, {NAMES[0]: STEPS}]
    halo, blurred = np.array([True, True, False]), np.array([False, True, False])
    some = library(found)
    sample = replace(some.sample, findings={"halo": halo, "blurred": blurred})
    some = replace(some, sample=sample, findings={"halo": 2, "blurred": 1})
    everything, narrowed = facets(some, GalleryState()), facets(some, GalleryState(findings=("halo",)))
    both = facets(some, GalleryState(tags=("weapon",), findings=("halo",)))
    nothing = facets(some, GalleryState(findings=("banding",)))

    assert [(facet.tag, facet.count, facet.url) for facet in everything.findings] == [
        ("halo", 2, "/?finding=halo"),
        ("blurred", 1, "/?finding=blurred"),
    ]
    assert narrowed.total == 2
    assert {name: count for name, count in shown(narrowed).items() if count} == {NAMES[0]: 1, NAMES[1]: 1}
    assert [(facet.tag, facet.count, facet.is_chosen) for facet in both.findings] == [("halo", 1, True)]
    assert (nothing.total, [(facet.tag, facet.url) for facet in nothing.findings]) == (0, [("banding", "/")])


def with_relations(found: int, masks: dict[str, list[bool]], *, total: int | None = None) -> Library:
    """Return a library of so many weapons, of which the masks say the relations."""
    some = library([{NAMES[0]: STEPS}] * found, total=total)
    sample = replace(some.sample, relations={name: np.array(mask) for name, mask in masks.items()})
    factor = some.total // found
    return replace(some, sample=sample, relations={name: sum(mask) * factor for name, mask in masks.items()})


def test_relations_are_facets_of_which_one_is_chosen_at_a_time() -> None:
    """The number of another relation is what it would show instead of the chosen one."""
    some = with_relations(
        4, {"any": [True, True, True, False], "flipped": [True] + [False] * 3, "resized": [False, True, True, False]}
    )
    everything, narrowed = facets(some, GalleryState()), facets(some, GalleryState(relation="flipped"))
    nothing = facets(some, GalleryState(relation="rotated"))

    assert [(facet.tag, facet.count, facet.url) for facet in everything.again] == [
        ("any", 3, "/?relation=any"),
        ("resized", 2, "/?relation=resized"),
        ("flipped", 1, "/?relation=flipped"),
    ]
    assert narrowed.total == 1
    assert {name: count for name, count in shown(narrowed).items() if count} == {NAMES[0]: 1}
    assert [(facet.tag, facet.count, facet.is_chosen, facet.url) for facet in narrowed.again] == [
        ("any", 3, False, "/?relation=any"),
        ("resized", 2, False, "/?relation=resized"),
        ("flipped", 1, True, "/"),
    ]
    assert (nothing.total, nothing.again[-1].tag, nothing.again[-1].is_chosen) == (0, "rotated", True)


def test_the_relations_of_a_large_library_are_known_and_those_of_a_selection_projected() -> None:
    some = with_relations(100, {"flipped": [number < 3 for number in range(100)]}, total=10_000)
    alone, with_tag = (facets(some, GalleryState(tags=tags, relation="flipped")) for tags in ((), ("weapon",)))

    assert (alone.total, alone.about) == (300, True)
    assert shown(alone)["object_types", "weapon"] == 300
    assert (with_tag.total, [facet.count for facet in with_tag.again]) == (300, [300])


def test_a_rare_relation_is_gathered_and_a_frequent_one_walked_to() -> None:
    def told(share: int, *tags: str) -> bool:
        some = with_relations(1000, {"flipped": [number % share == 0 for number in range(1000)]}, total=1_000_000)
        return is_told_rarely(some, GalleryState(tags=tags, relation="flipped"))

    def told_of_the_oldest(count: int) -> bool:
        some = with_relations(1000, {"flipped": [number >= 1000 - count for number in range(1000)]}, total=1_000_000)
        return is_told_rarely(some, GalleryState(relation="flipped"))

    assert told(1000)
    assert not told(10)
    assert not told(10, "weapon")
    # Vehicles there are none, so that their order ends at once.
    assert not told(1000, "vehicle")
    # As many, but far from the newest.
    assert told_of_the_oldest(100)
    assert is_told_rarely(None, GalleryState(relation="flipped"))

"""The tags that there are, and what somebody may have meant by one that there is not."""

from __future__ import annotations

import pytest

from consumer.tagging.bundle.bundle import TAXONOMY, default_bundle_path
from consumer.tagging.bundle.taxonomy import load_taxonomy, parse_taxonomy
from consumer.tagging.bundle.vocabulary import Vocabulary, did_you_mean

VOCABULARY = Vocabulary.of(load_taxonomy(default_bundle_path() / TAXONOMY))
ALIASED = """
id: aliased
version: "1"
categories:
  things:
    exclusive: true
    evidence: clip
    threshold: 0.1
    templates: ["a {}", "one {}", "some {}", "the {}", "this {}"]
    background: ["nothing"]
    tags:
      gun: {alias: weapon, prompts: ["gun"]}
"""


def test_a_tag_is_known_in_its_category_alone() -> None:
    assert VOCABULARY.has("object_types", "weapon")
    assert not VOCABULARY.has("materials", "weapon")
    assert not VOCABULARY.has("nowhere", "weapon")
    assert VOCABULARY.categories_of("weapon") == ("object_types",)


def test_only_exclusive_categories_have_room_for_one_tag() -> None:
    assert VOCABULARY.excludes("object_types")
    assert not VOCABULARY.excludes("materials")
    assert not VOCABULARY.excludes("a category of somebody's own")


@pytest.mark.parametrize(
    ("word", "meant"), [("weapn", "weapon"), ("Sword", "weapon"), ("sky", "skybox"), ("vegitation", "vegetation")]
)
def test_what_may_be_meant_is_offered_by_spelling_and_by_synonym(word: str, meant: str) -> None:
    assert meant in VOCABULARY.nearest(word)


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("castel", "castle"),
        ("barell", "barrel"),
        ("explotion", "explosion"),
        ("wooden", "wood"),
        ("spaceship", "ship"),
        ("treebark", "bark"),
    ],
)
def test_a_word_that_nothing_is_called_may_stand_for_a_known_one(word: str, meant: str) -> None:
    """Misspelt, or what names of a tag begin with, or two known words in one: the second says what it is."""
    assert VOCABULARY.respelt(word) == meant


@pytest.mark.parametrize("word", ["castle", "foliage", "horse", "sheep", "goat", "garland", "island", "qqqqqq", "cat"])
def test_a_word_stays_what_it_is_where_it_is_known_or_only_rhymes(word: str) -> None:
    assert VOCABULARY.respelt(word) is None


def test_what_names_of_a_tag_begin_with_means_it() -> None:
    assert "wood" in VOCABULARY.meant_by("wooden")
    assert VOCABULARY.meant_by("wooden_crate") == ()


def test_nothing_is_offered_for_what_resembles_nothing() -> None:
    assert VOCABULARY.nearest("qqqq") == ()
    assert did_you_mean(()) == ""


def test_people_speak_of_the_name_that_events_carry() -> None:
    vocabulary = Vocabulary.of(parse_taxonomy(ALIASED))

    assert vocabulary.has("things", "weapon")
    assert not vocabulary.has("things", "gun")
    assert vocabulary.nearest("gun") == ("weapon",)

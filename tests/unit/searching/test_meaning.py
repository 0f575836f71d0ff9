"""What the words of a question mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.searching.meaning import meaning_of, respelt, unknown_tags
from consumer.tagging.bundle.bundle import TAXONOMY, default_bundle_path
from consumer.tagging.bundle.taxonomy import load_taxonomy
from consumer.tagging.bundle.vocabulary import Vocabulary

VOCABULARY = Vocabulary.of(load_taxonomy(default_bundle_path() / TAXONOMY))


@pytest.mark.parametrize(
    ("question", "tags"),
    [("sword", {"weapon"}), ("Swords", {"weapon"}), ("weapon", {"weapon"}), ("sci-fi gun", {"sci_fi", "weapon"})],
)
def test_a_word_means_the_tag_that_it_names_or_is_a_synonym_of(question: str, tags: set[str]) -> None:
    assert tags <= set(meaning_of(question, VOCABULARY).tags)


def test_names_are_read_as_they_are_written() -> None:
    assert meaning_of("rustySword_01.PNG", None).words == ("rusty", "sword", "01", "png")


def test_a_misspelt_tag_is_told_with_the_nearest() -> None:
    assert unknown_tags(("weapn", "metal"), VOCABULARY) == ("no tag weapn; did you mean weapon?",)


def test_words_that_nothing_is_called_may_stand_for_known_ones() -> None:
    assert respelt({"castel", "sword", "qqqq"}, VOCABULARY) == {"castel": "castle"}
    assert respelt({"castel"}, None) == {}


def test_the_words_of_a_tag_of_several_are_not_meant_one_by_one() -> None:
    assert meaning_of("mossy normal map", VOCABULARY).apart == ("mossy",)
    assert meaning_of("stone wall", VOCABULARY).apart == ("stone", "wall")


@given(question=st.text(max_size=80))
def test_whatever_is_asked_becomes_words_that_a_text_search_takes(question: str) -> None:
    """Letters and digits alone: nothing of a question is syntax."""
    assert all(word.isalnum() for word in meaning_of(question, VOCABULARY).words)

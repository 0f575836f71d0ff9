"""What the words of a question mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.searching.meaning import meaning_of, unknown_tags
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
    assert meaning_of("weapn", VOCABULARY).note == "no tag weapn; did you mean weapon?"
    assert unknown_tags(("weapn", "metal"), VOCABULARY) == ("no tag weapn; did you mean weapon?",)


def test_what_is_a_tag_or_a_sentence_is_not_called_misspelt() -> None:
    assert meaning_of("sword", VOCABULARY).note is None
    assert meaning_of("an old weapn", VOCABULARY).note is None


@given(question=st.text(max_size=80))
def test_whatever_is_asked_becomes_words_that_a_text_search_takes(question: str) -> None:
    """Letters and digits alone: nothing of a question is syntax."""
    assert all(word.isalnum() for word in meaning_of(question, VOCABULARY).words)

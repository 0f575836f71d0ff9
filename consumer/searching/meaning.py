"""What the words of a question mean: words of names, tags, and what somebody may have misspelt: pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from consumer.tagging.bundle.vocabulary import Vocabulary, did_you_mean

_WORD: Final = re.compile(r"[^\W_]+")
_MOST_WORDS: Final = 16
_APART: Final = re.compile(r"([a-z])([A-Z])")


@dataclass(frozen=True, slots=True)
class Meaning:
    """``words`` as names hold them, ``tags`` that are meant, ``note`` a sentence on a word that may be misspelt."""

    words: tuple[str, ...]
    tags: tuple[str, ...]
    note: str | None = None


def meaning_of(question: str, vocabulary: Vocabulary | None) -> Meaning:
    """Understand a question; without a vocabulary it means no tags."""
    words = tuple(dict.fromkeys(word.lower() for word in _WORD.findall(_APART.sub(r"\1 \2", question))))[:_MOST_WORDS]
    if vocabulary is None:
        return Meaning(words, ())
    phrases = ["_".join(words[at : at + size]) for size in (3, 2, 1) for at in range(len(words) - size + 1)]
    tags = tuple(dict.fromkeys(tag for phrase in phrases for tag in vocabulary.meant_by(phrase)))
    note = None
    if len(words) == 1 and not tags and (near := vocabulary.nearest(words[0])):
        note = f"no tag {words[0]}{did_you_mean(near)}"
    return Meaning(words, tags, note)


def unknown_tags(tags: tuple[str, ...], vocabulary: Vocabulary | None) -> tuple[str, ...]:
    """Return a sentence for each tag that the vocabulary does not have; it is advice, as people add tags."""
    if vocabulary is None:
        return ()
    return tuple(
        f"no tag {tag}{did_you_mean(vocabulary.nearest(tag))}" for tag in tags if not vocabulary.categories_of(tag)
    )

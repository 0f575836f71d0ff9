"""What the words of a question mean: words of names, tags, and what somebody may have misspelt: pure."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from consumer.storage.tables.search.splitting import taken_apart
from consumer.tagging.bundle.vocabulary import Vocabulary, did_you_mean

_MOST_WORDS: Final = 16


@dataclass(frozen=True, slots=True)
class Meaning:
    """``words`` as names hold them, ``tags`` that are meant.

    ``apart``: the words that are meant each for itself, which the words of a tag's name, as "normal map", are not.
    """

    words: tuple[str, ...]
    tags: tuple[str, ...]
    apart: tuple[str, ...]


def meaning_of(question: str, vocabulary: Vocabulary | None) -> Meaning:
    """Understand a question; without a vocabulary it means no tags."""
    words = tuple(dict.fromkeys(taken_apart(question)))[:_MOST_WORDS]
    if vocabulary is None:
        return Meaning(words, (), words)
    phrases = [words[at : at + size] for size in (3, 2, 1) for at in range(len(words) - size + 1)]
    meant = {phrase: vocabulary.meant_by("_".join(phrase)) for phrase in phrases}
    joined = {word for phrase, found in meant.items() if found and len(phrase) > 1 for word in phrase}
    tags = tuple(dict.fromkeys(tag for found in meant.values() for tag in found))
    return Meaning(words, tags, tuple(word for word in words if word not in joined))


def respelt(words: AbstractSet[str], vocabulary: Vocabulary | None) -> dict[str, str]:
    """Return, of words that nothing is called, those that may stand for a known one, with that one."""
    if vocabulary is None:
        return {}
    return {word: near for word in sorted(words) if (near := vocabulary.respelt(word)) is not None}


def unknown_tags(tags: tuple[str, ...], vocabulary: Vocabulary | None) -> tuple[str, ...]:
    """Return a sentence for each tag that the vocabulary does not have; it is advice, as people add tags."""
    if vocabulary is None:
        return ()
    return tuple(
        f"no tag {tag}{did_you_mean(vocabulary.nearest(tag))}" for tag in tags if not vocabulary.categories_of(tag)
    )

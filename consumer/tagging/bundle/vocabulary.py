"""Which tags there are, which of them exclude each other, and what somebody may have meant: pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from typing import Final, Self

from consumer.tagging.bundle.taxonomy import Category, Taxonomy

_MOST_NEAREST = 3
# As alike as weapon and weapn are; teapot is no misspelt weapon.
_SPELT_ALIKE = 0.75
# As alike as castle and castel are; neither a horse is a house, nor a sheep a sheet.
_MISSPELT = 0.82
_MIN_RESPELT = 4
_MIN_FIRST = 3
_WORD: Final = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Vocabulary:
    """A taxonomy as people speak of it: by the names that events carry."""

    taxonomy: Taxonomy

    @classmethod
    def of(cls, taxonomy: Taxonomy) -> Self:
        return cls(taxonomy)

    @property
    def name(self) -> str:
        return self.taxonomy.id

    def tags(self, category: str | None = None) -> Iterator[str]:
        """Yield the names of all tags, or of one category's."""
        for name, spec in self.taxonomy.categories.items():
            if category in {None, name}:
                yield from _shown(spec)

    def has(self, category: str, tag: str) -> bool:
        spec = self.taxonomy.categories.get(category)
        return spec is not None and tag in _shown(spec)

    def categories_of(self, tag: str) -> tuple[str, ...]:
        """Return the categories that have such a tag."""
        return tuple(name for name, spec in self.taxonomy.categories.items() if tag in _shown(spec))

    def excludes(self, category: str) -> bool:
        """Tell whether only one tag of the category can be right."""
        spec = self.taxonomy.categories.get(category)
        return spec is not None and spec.exclusive

    def nearest(self, word: str, category: str | None = None) -> tuple[str, ...]:
        """Return the tags that somebody may have meant: those whose synonym it is, then those spelt much like it."""
        sought = word.strip().lower().replace(" ", "_").replace("-", "_")
        meant = [tag for name, _ in self._within(category) for tag in self._meanings[name].of(sought)]
        meant += get_close_matches(
            sought, list(dict.fromkeys(self.tags(category))), n=_MOST_NEAREST, cutoff=_SPELT_ALIKE
        )
        return tuple(dict.fromkeys(tag for tag in meant if tag != word))[:_MOST_NEAREST]

    def meant_by(self, word: str) -> tuple[str, ...]:
        """Return the tags that a word stands for: by their name, a synonym, or what files of theirs are called."""
        for form in (word, word.removesuffix("s"), word.removesuffix("es")):
            found = dict.fromkeys(tag for meanings in self._meanings.values() for tag in meanings.of(form))
            if found:
                return tuple(found)
        return ()

    def respelt(self, word: str) -> str | None:
        """Return the one known word that somebody may have meant where nothing is called so, None for no such.

        Known are the words of tags, of their synonyms, and of what files are called. Of two known words in one, as
        "spaceship" is, the second says what it is.
        """
        if len(word) < _MIN_RESPELT:
            return None
        known = {part for spec in self.taxonomy.categories.values() for part in _words(spec)}
        for at in range(_MIN_FIRST, len(word) - _MIN_RESPELT + 1):
            if word[:at] in known and word[at:] in known:
                return word[at:]
        if word in known:
            return None
        for spec in self.taxonomy.categories.values():
            for begun in _beginnings(spec):
                if word.startswith(begun):
                    return begun
        return spelt_like(word, known)

    @cached_property
    def _meanings(self) -> dict[str, _Meanings]:
        return {name: _Meanings.of_category(spec) for name, spec in self.taxonomy.categories.items()}

    def _within(self, category: str | None) -> Iterable[tuple[str, Category]]:
        return ((name, spec) for name, spec in self.taxonomy.categories.items() if category in {None, name})


def spelt_like(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that somebody may have meant who spelt it so, None for no such."""
    if len(word) < _MIN_RESPELT:
        return None
    alike = get_close_matches(word, [part for part in known if len(part) >= _MIN_RESPELT], _MOST_NEAREST, _MISSPELT)
    # A word's first letter is the one that is seldom wrong.
    return min(alike, key=lambda part: part[0] != word[0]) if alike else None


def did_you_mean(names: Iterable[str]) -> str:
    """Return a clause that offers these names; an empty one for none."""
    offered = " or ".join(names)
    return f"; did you mean {offered}?" if offered else ""


def _shown(spec: Category) -> list[str]:
    return [spec.shown_name(tag) for tag in spec.tags]


def _words(spec: Category) -> Iterator[str]:
    for tag, details in spec.tags.items():
        for called in (tag, spec.shown_name(tag), *details.synonyms, *details.names):
            yield from _WORD.findall(called.lower())


def _beginnings(spec: Category) -> Iterator[str]:
    """Yield what names begin with by a pattern: wood of `wood*`."""
    for details in spec.tags.values():
        yield from (name.removesuffix("*") for name in details.names if name.endswith("*"))


@dataclass(frozen=True, slots=True)
class _Meanings:
    """What words stand for in one category: tags, with their places in it, by what they and their files are called."""

    by_name: dict[str, list[tuple[int, str]]]
    by_beginning: list[tuple[str, tuple[int, str]]]

    @classmethod
    def of_category(cls, spec: Category) -> Self:
        meanings = cls({}, [])
        for place, (tag, details) in enumerate(spec.tags.items()):
            meant = (place, spec.shown_name(tag))
            others = (
                other.lower().replace(" ", "_").replace("-", "_") for other in (*details.synonyms, *details.names)
            )
            for name in dict.fromkeys((tag, meant[1], *others)):
                if name.endswith("*"):
                    meanings.by_beginning.append((name[:-1], meant))
                else:
                    meanings.by_name.setdefault(name, []).append(meant)
        return meanings

    def of(self, word: str) -> list[str]:
        """Return the tags that a word stands for, in the category's order."""
        found = set(self.by_name.get(word, ()))
        if "_" not in word:
            found.update(meant for beginning, meant in self.by_beginning if word.startswith(beginning))
        return [tag for _, tag in sorted(found)]

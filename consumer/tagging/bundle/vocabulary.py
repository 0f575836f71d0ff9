"""Which tags there are, which of them exclude each other, and what somebody may have meant: pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Self

from consumer.tagging.bundle.taxonomy import Category, Taxonomy

_MOST_NEAREST = 3
# As alike as weapon and weapn are; teapot is no misspelt weapon.
_SPELT_ALIKE = 0.75


@dataclass(frozen=True, slots=True)
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
        meant = [tag for name, spec in self._within(category) for tag in _meaning(spec, sought)]
        meant += get_close_matches(
            sought, list(dict.fromkeys(self.tags(category))), n=_MOST_NEAREST, cutoff=_SPELT_ALIKE
        )
        return tuple(dict.fromkeys(tag for tag in meant if tag != word))[:_MOST_NEAREST]

    def meant_by(self, word: str) -> tuple[str, ...]:
        """Return the tags that a word stands for: by their name, a synonym, or what files of theirs are called."""
        for form in (word, word.removesuffix("s"), word.removesuffix("es")):
            found = dict.fromkeys(tag for spec in self.taxonomy.categories.values() for tag in _meaning(spec, form))
            if found:
                return tuple(found)
        return ()

    def _within(self, category: str | None) -> Iterable[tuple[str, Category]]:
        return ((name, spec) for name, spec in self.taxonomy.categories.items() if category in {None, name})


def did_you_mean(names: Iterable[str]) -> str:
    """Return a clause that offers these names; an empty one for none."""
    offered = " or ".join(names)
    return f"; did you mean {offered}?" if offered else ""


def _shown(spec: Category) -> list[str]:
    return [spec.shown_name(tag) for tag in spec.tags]


def _meaning(spec: Category, word: str) -> Iterator[str]:
    for tag, details in spec.tags.items():
        others = (*details.synonyms, *details.names)
        if word in {tag, spec.shown_name(tag)} or word in {
            other.lower().replace(" ", "_").replace("-", "_") for other in others
        }:
            yield spec.shown_name(tag)

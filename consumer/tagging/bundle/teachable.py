"""Which verdicts can teach a bundle: on tags that its embedding has a say in, of assets that it tagged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from consumer.tagging.bundle.bundle import Bundle


@dataclass(frozen=True, slots=True)
class Teachable:
    """``tags``: by category and name in events; ``model_digest``: that of the assets."""

    model_digest: str
    tags: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, bundle: Bundle) -> Self:
        """Where tags exclude each other, a word on any of them says something of those the embedding speaks for."""
        tags: set[tuple[str, str]] = set()
        for category, spec in bundle.vocabulary.categories.items():
            spoken = {*bundle.vectors[category].names, *(tag for tag in spec.tags if (category, tag) in bundle.own)}
            taught = spec.tags if spec.exclusive and spoken else spoken
            tags.update((category, spec.shown_name(tag)) for tag in taught)
        return cls(bundle.digest, frozenset(tags))

    def count(self, said: Iterable[tuple[str, str]]) -> int:
        """Return how many of the words on these tags can teach."""
        return sum(key in self.tags for key in said)

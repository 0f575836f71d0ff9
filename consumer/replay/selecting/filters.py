"""Which assets a replay is for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Self

from consumer.replay.selecting.newest import key_digest
from consumer.storage.tables.lookups import assets_made_by, assets_with_tag
from consumer.storage.tables.reads import TagReader
from schemas import AssetExtracted

_FORMS = "asset=PATTERN, archive=PATTERN, tag=NAME or older"


@dataclass(frozen=True, slots=True)
class MadeBy:
    """The model and the taxonomy that a replay tags with."""

    model_digest: str
    taxonomy_digest: str


@dataclass(frozen=True, slots=True)
class AssetFilter:
    """All of it must hold. Patterns are those of a shell: ``*``, ``?``, ``[…]``, matching the whole text."""

    assets: tuple[str, ...] = ()
    archives: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    older: bool = False

    @classmethod
    def parse(cls, texts: Sequence[str]) -> Self:
        """Read the forms ``asset=…``, ``archive=…``, ``tag=…`` and ``older``; raises ValueError."""
        patterns: dict[str, list[str]] = {"asset": [], "archive": [], "tag": []}
        older = False
        for text in texts:
            name, equals, value = text.partition("=")
            if text == "older":
                older = True
            elif name in patterns and equals and value:
                patterns[name].append(value)
            else:
                raise ValueError(f"{text!r} is no filter: write {_FORMS}")
        return cls(tuple(patterns["asset"]), tuple(patterns["archive"]), tuple(patterns["tag"]), older)

    def __str__(self) -> str:
        parts = [f"asset={value}" for value in sorted(self.assets)]
        parts += [f"archive={value}" for value in sorted(self.archives)]
        parts += [f"tag={value}" for value in sorted(self.tags)]
        return " ".join([*parts, *(["older"] if self.older else [])]) or "all assets"

    @property
    def needs_database(self) -> bool:
        return bool(self.tags) or self.older

    def matches_event(self, event: AssetExtracted) -> bool:
        """Tell what the event alone can tell."""
        archive = (event.source and event.source.archive) or ""
        return all(fnmatchcase(event.asset_id, pattern) for pattern in self.assets) and all(
            fnmatchcase(archive, pattern) for pattern in self.archives
        )


@dataclass(frozen=True, slots=True)
class Question:
    """A filter together with what it asks: which model is this one, and the tables (None where it asks none).

    ``only``: digests of the keys that are meant; None: all.
    """

    wanted: AssetFilter
    current: MadeBy
    only: frozenset[bytes] | None = None
    tables: TagReader | None = None

    async def matching(self, events: Sequence[AssetExtracted]) -> list[bool]:
        """Tell for each event whether its asset is meant; raises DatabaseUnavailableError."""
        wanted = [self._is_meant(event) for event in events]
        if self.tables is None:
            return wanted
        ids = [event.asset_id for event, meant in zip(events, wanted, strict=True) if meant]
        kept = set(ids)
        for tag in self.wanted.tags:
            kept &= await assets_with_tag(self.tables, ids, tag)
        if self.wanted.older:
            kept -= await assets_made_by(self.tables, ids, self.current.model_digest, self.current.taxonomy_digest)
        return [meant and event.asset_id in kept for event, meant in zip(events, wanted, strict=True)]

    def _is_meant(self, event: AssetExtracted) -> bool:
        listed = self.only is None or key_digest(event.asset_id.encode()) in self.only
        return listed and self.wanted.matches_event(event)

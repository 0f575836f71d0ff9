"""The facets beside a gallery: counts that are kept, not counted anew for each request."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Final

import structlog

from consumer.gateway.page.state import GalleryState
from consumer.storage.errors import DatabaseError
from consumer.storage.tables.facets import Library, Name, count_changes, count_library
from consumer.storage.tables.reads import TagReader
from schemas.tagged import category_place

_log = structlog.get_logger(__name__)
# Up to so many textures every count is exact; beyond, those of a selection are projected from as many.
_SAMPLED: Final = 20_000
_FRESH_SECONDS: Final = 2.0
# Of the database's time, as far as one gateway is concerned.
_SHARE: Final = 0.02
_FIRST_COUNT_SECONDS: Final = 1.0
_SHOWN_DIGITS: Final = 2


@dataclass(frozen=True, slots=True)
class Facet:
    """A tag to choose, and how many textures the gallery would then show."""

    tag: str
    count: int
    is_chosen: bool
    url: str


@dataclass(frozen=True, slots=True)
class FacetGroup:
    category: str
    facets: tuple[Facet, ...]


@dataclass(frozen=True, slots=True)
class Facets:
    """``total`` textures fit; ``about`` tells that the numbers are projected from a sample.

    ``findings`` are what is wrong with them, ``again`` what they are of others.
    """

    groups: tuple[FacetGroup, ...]
    total: int
    about: bool
    findings: tuple[Facet, ...] = ()
    again: tuple[Facet, ...] = ()


@dataclass(frozen=True, slots=True)
class _Counts:
    """How many textures fit, and how many of them have each tag, finding and relation."""

    total: int
    tags: Mapping[Name, int]
    findings: Mapping[str, int]
    relations: Mapping[str, int]

    def times(self, factor: float) -> _Counts:
        """Return them as projected from a sample."""
        return _Counts(
            rounded(self.total * factor),
            {name: rounded(count * factor) for name, count in self.tags.items()},
            {name: rounded(count * factor) for name, count in self.findings.items()},
            {name: rounded(count * factor) for name, count in self.relations.items()},
        )


class FacetKeeper:
    """Keeps the counts of one library: counted again in the background, when somebody looks and something changed."""

    def __init__(self, reader: TagReader) -> None:
        self._reader = reader
        self._library: Library | None = None
        self._changes = -1
        self._due = 0.0
        self._counting: asyncio.Task[None] | None = None

    async def library(self) -> Library | None:
        """Return the last counts, None before the first ones are there; never waits for long."""
        if time.monotonic() >= self._due and (self._counting is None or self._counting.done()):
            self._counting = asyncio.create_task(self._count(), name="count-library")
        if self._library is None and self._counting is not None:
            await asyncio.wait([self._counting], timeout=_FIRST_COUNT_SECONDS)
        return self._library

    async def close(self) -> None:
        if self._counting is not None:
            self._counting.cancel()
            with suppress(asyncio.CancelledError):
                await self._counting

    async def _count(self) -> None:
        started = time.monotonic()
        try:
            changes = await count_changes(self._reader)
            if self._library is None or changes != self._changes or changes == 0:
                self._library, self._changes = await count_library(self._reader, _SAMPLED), changes
        except DatabaseError as error:
            _log.warning("facets.not_counted", error=str(error))
        spent = time.monotonic() - started
        self._due = time.monotonic() + max(_FRESH_SECONDS, spent / _SHARE)


def facets(library: Library, state: GalleryState) -> Facets:
    """Return the facets of a gallery: exact for the whole library, and for any selection of a small one."""
    minimum = state.min_confidence
    if not state.filters:
        counts = library.counts(minimum)
        return _facets(library, state, _Counts(library.total, counts, library.findings, library.relations), about=False)
    sample = library.sample
    mask = sample.having(state.tags, minimum, state.findings, state.relation)
    # Of relations one is chosen at a time: the number of another is what it would show instead.
    others = sample.having(state.tags, minimum, state.findings)
    found = _Counts(
        int(mask.sum()), sample.counts(mask, minimum), sample.finding_counts(mask), sample.relation_counts(others)
    )
    if library.is_whole:
        return _facets(library, state, found, about=False)
    projected = found.times(library.total / max(1, len(sample.asset_ids)))
    return _facets(library, state, _known_of_one(library, state, projected), about=True)


def _known_of_one(library: Library, state: GalleryState, projected: _Counts) -> _Counts:
    """Return the counts with those that are known exactly, where all that was chosen is one thing."""
    if len(state.filters) != 1:
        return projected
    (name,) = state.filters
    if state.findings:
        return replace(projected, total=library.findings.get(name, 0))
    if state.relation:
        return replace(projected, total=library.relations.get(name, 0), relations=library.relations)
    exact = {key: count for key, count in library.counts(state.min_confidence).items() if key[1] == name}
    return replace(projected, total=sum(exact.values()), tags={**projected.tags, **exact})


def rarest_first(library: Library | None, tags: Sequence[str]) -> tuple[str, ...]:
    """Return the tags in the order in which a search narrows down fastest."""
    return tuple(tags) if library is None else tuple(sorted(tags, key=library.textures_with))


def rounded(value: float) -> int:
    """Return a projected count with no more digits than it is worth."""
    whole = round(value)
    return round(whole, min(0, _SHOWN_DIGITS - len(str(whole))))


def in_words(name: str) -> str:
    """Return the name of a tag or a category as a person reads it."""
    return name.replace("_", " ").replace("color", "colour")


def category_rank(category: str) -> tuple[int, str]:
    return (category_place(category), category)


def _groups(counts: Mapping[Name, int], state: GalleryState, library: Library) -> tuple[FacetGroup, ...]:
    """Return the tags that the selection has, and those that were chosen, which it may lack."""
    known = {*counts, *((_category(library, tag), tag) for tag in state.tags)}
    ordered = sorted(known, key=lambda name: (category_rank(name[0]), -counts.get(name, 0), name[1]))
    return tuple(
        FacetGroup(
            category,
            tuple(
                Facet(tag, counts.get((category, tag), 0), tag in state.tags, state.toggled(tag).url)
                for _, tag in names
            ),
        )
        for category, names in groupby(ordered, key=lambda name: name[0])
    )


def _facets(library: Library, state: GalleryState, counts: _Counts, *, about: bool) -> Facets:
    return Facets(
        _groups(counts.tags, state, library),
        counts.total,
        about,
        findings=_of_names(counts.findings, state.findings, state.toggled_finding),
        again=_of_names(counts.relations, [state.relation] if state.relation else [], state.toggled_relation),
    )


def _of_names(
    counts: Mapping[str, int], chosen: Sequence[str], toggled: Callable[[str], GalleryState]
) -> tuple[Facet, ...]:
    names = sorted({*counts, *chosen}, key=lambda name: (-counts.get(name, 0), name))
    return tuple(Facet(name, counts.get(name, 0), name in chosen, toggled(name).url) for name in names)


def _category(library: Library, tag: str) -> str:
    """Return where a chosen tag stands, which may be one that no texture has."""
    return next((category for category, name in library.steps if name == tag), "other")

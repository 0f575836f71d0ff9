"""The same textures again, in a whole library: equal contents by their hash; others by likeness, then by pixels."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import pairwise

from consumer.findings.relation import Relation
from consumer.findings.texture import Bytes
from consumer.searching.candidates import alike, contents_of
from consumer.searching.comparing import Comparison
from consumer.searching.hash_index import HashIndex
from consumer.storage.objects import ObjectStore
from consumer.storage.tables.duplicates.contents import Content, contents, judged_apart
from consumer.storage.tables.reads import TagReader
from consumer.storage.tables.search.filters import SearchFilter


@dataclass(frozen=True, slots=True)
class Duplicate:
    """``asset_id`` is ``other`` again; ``bytes_saved`` without the smaller of the two."""

    asset_id: str
    other: str
    relation: Relation
    bytes_saved: int


class Duplicates:
    """Looks through a library; what it keeps in memory is bounded but for hashes, a few hundred bytes a content."""

    def __init__(self, reader: TagReader, store: ObjectStore) -> None:
        self._reader = reader
        self._compare = Comparison(store)
        self._apart: frozenset[frozenset[str]] = frozenset()

    async def __call__(self, where: SearchFilter) -> AsyncIterator[Duplicate]:
        """Yield every pair once, but those that a person rejected; of equal contents each asset with the one before it.

        Contents whose objects are gone or cannot be decoded are left out of what pixels must confirm.

        Raises:
            DatabaseError, StoreError: they do not answer.

        """
        self._apart = await judged_apart(self._reader)
        met = HashIndex()
        async for content in contents(self._reader, where):
            for earlier, later in pairwise(content.asset_ids):
                yield Duplicate(later, earlier, Relation.IDENTICAL, content.size_bytes)
            async for found in self._near(content, where, met):
                yield found

    async def picture(self, asset_id: str) -> Bytes | None:
        """Return an asset's pixels, RGB or RGBA; None where they cannot be had. Raises DatabaseError, StoreError."""
        held = await contents_of(self._reader, [asset_id])
        return await self._compare.pixels(held[0]) if held else None

    async def _near(self, content: Content, where: SearchFilter, met: HashIndex) -> AsyncIterator[Duplicate]:
        signed = await self._compare.signature(content)
        if signed is None:
            return
        # A model sees what a part is of; a hash sees what is small, turned, or has lost its alpha channel.
        likely = {*await alike(self._reader, content, where), *await asyncio.to_thread(met.near, signed)}
        met.add(content.asset_ids[0], signed)
        seen: set[str] = set()
        for other in await contents_of(self._reader, sorted(likely)):
            # Each pair is met from both sides, and told from the later one.
            if other.sha256 >= content.sha256 or other.sha256 in seen:
                continue
            seen.add(other.sha256)
            if frozenset((content.sha256, other.sha256)) in self._apart:
                continue
            told = await self._compare(content, other)
            if told is not None:
                first, second = (content, other) if told.of_first else (other, content)
                saved = min(content.size_bytes, other.size_bytes)
                yield Duplicate(first.asset_ids[0], second.asset_ids[0], told.relation, saved)

"""The same textures again: equal contents by their hash; others by embeddings and perceptual hashes, then by pixels."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from consumer.findings.relation import Relation, is_told_of, part_relation, relation, seen_within
from consumer.findings.signature import Signature, signature
from consumer.findings.texture import Bytes
from consumer.imaging.decode import decode
from consumer.imaging.errors import ImageRejectedError
from consumer.imaging.picture import ImageLimits
from consumer.searching.hash_index import HashIndex
from consumer.storage.errors import ObjectMissingError, ObjectTooLargeError
from consumer.storage.objects import ObjectStore
from consumer.storage.tables.contents import Content, contents, judged_apart
from consumer.storage.tables.likeness import LikeQuery, nearest
from consumer.storage.tables.reads import TagReader
from consumer.storage.tables.search.filters import SearchFilter
from consumer.storage.tables.textures import embedding_of

CANDIDATES: Final = 32
# A picture in a mirror, or in other colours, looks different to a model; pixels decide.
LEAST_SIMILARITY: Final = 0.7
_SIGNATURES_KEPT: Final = 4096
_MAX_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Duplicate:
    """``asset_id`` is ``other`` again; ``bytes_saved`` without the smaller of the two."""

    asset_id: str
    other: str
    relation: Relation
    bytes_saved: int


class Duplicates:
    """Looks through a library; what it keeps in memory is bounded, whatever the library's size."""

    def __init__(self, reader: TagReader, store: ObjectStore, limits: ImageLimits | None = None) -> None:
        self._reader = reader
        self._store = store
        self._limits = limits or ImageLimits()
        self._signatures: OrderedDict[str, Signature | None] = OrderedDict()
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
        held = await self._contents_of([asset_id])
        return await self._pixels(held[0]) if held else None

    async def _near(self, content: Content, where: SearchFilter, met: HashIndex) -> AsyncIterator[Duplicate]:
        signed = await self._signature(content)
        if signed is None:
            return
        # A model sees what a part is of; a hash sees what is small, turned, or has lost its alpha channel.
        likely = {*await self._alike(content, where), *await asyncio.to_thread(met.near, signed)}
        met.add(content.asset_ids[0], signed)
        seen: set[str] = set()
        for other in await self._contents_of(sorted(likely)):
            # Each pair is met from both sides, and told from the later one.
            if other.sha256 >= content.sha256 or other.sha256 in seen:
                continue
            seen.add(other.sha256)
            if frozenset((content.sha256, other.sha256)) in self._apart:
                continue
            found = await self._compared(content, other)
            if found is not None:
                yield found

    async def _alike(self, content: Content, where: SearchFilter) -> list[str]:
        embedding = await embedding_of(self._reader, content.sha256, content.model_digest)
        if embedding is None:
            return []
        # Those of equal content are as near as can be, and not what is looked for.
        most = CANDIDATES + len(content.asset_ids)
        alike = await nearest(self._reader, LikeQuery(embedding, content.model_digest, most, where))
        return [asset_id for asset_id, similarity in alike.items() if similarity >= LEAST_SIMILARITY]

    async def _compared(self, one: Content, other: Content) -> Duplicate | None:
        """Return what their pixels say, told of the one of which it is said."""
        first, second = await self._signature(one), await self._signature(other)
        if first is None or second is None:
            return None
        told = await self._part(one, first, other, second) or await asyncio.to_thread(relation, first, second)
        if told is None:
            return None
        if not is_told_of(told, first.size, second.size):
            one, other = other, one
        return Duplicate(one.asset_ids[0], other.asset_ids[0], told, min(one.size_bytes, other.size_bytes))

    async def _part(self, one: Content, first: Signature, other: Content, second: Signature) -> Relation | None:
        """Return whether one lies in the other; whole pictures are read only where it looks so from afar."""
        if first.size > second.size:
            one, first, other, second = other, second, one, first
        sighting = await asyncio.to_thread(seen_within, first, second)
        if sighting is None:
            return None
        part, whole = await self._pixels(one), await self._pixels(other)
        if part is None or whole is None:
            return None
        return await asyncio.to_thread(part_relation, part, whole, sighting)

    async def _contents_of(self, asset_ids: list[str]) -> list[Content]:
        only = SearchFilter(asset_ids=tuple(asset_ids))
        return [content async for content in contents(self._reader, only)] if asset_ids else []

    async def _signature(self, content: Content) -> Signature | None:
        if content.sha256 not in self._signatures:
            pixels = await self._pixels(content)
            self._signatures[content.sha256] = None if pixels is None else await asyncio.to_thread(_signed, pixels)
            if len(self._signatures) > _SIGNATURES_KEPT:
                self._signatures.popitem(last=False)
        return self._signatures[content.sha256]

    async def _pixels(self, content: Content) -> Bytes | None:
        try:
            data = await self._store.get(content.bucket, content.object_key, max_bytes=_MAX_BYTES)
            return (await asyncio.to_thread(decode, data, self._limits)).pixels
        except (ObjectMissingError, ObjectTooLargeError, ImageRejectedError):
            return None


def _signed(pixels: Bytes) -> Signature:
    return signature(pixels, hashlib.sha256(pixels.tobytes()).digest())

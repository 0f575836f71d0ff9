"""Contents compared by their pixels, which are read from the object store and kept for a while, made small."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from consumer.findings.relation import Relation, is_told_of, part_relation, relation, seen_within
from consumer.findings.signature import Signature, signature
from consumer.findings.texture import Bytes
from consumer.imaging.decode import decode
from consumer.imaging.errors import ImageRejectedError
from consumer.imaging.picture import ImageLimits
from consumer.storage.errors import ObjectMissingError, ObjectTooLargeError
from consumer.storage.objects import ObjectStore
from consumer.storage.tables.duplicates.contents import Content

_SIGNATURES_KEPT: Final = 4096
_MAX_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Told:
    """What their pixels say of two contents; ``of_first``: the relation is said of the first of them."""

    relation: Relation
    of_first: bool


class Comparison:
    """Compares contents; what it keeps in memory is bounded. Every call raises StoreError."""

    def __init__(self, store: ObjectStore, limits: ImageLimits | None = None) -> None:
        self._store = store
        self._limits = limits or ImageLimits()
        self._signatures: OrderedDict[str, Signature | None] = OrderedDict()

    async def __call__(self, one: Content, other: Content) -> Told | None:
        """Return what they are to each other, None where they differ or one of them cannot be had."""
        first, second = await self.signature(one), await self.signature(other)
        if first is None or second is None:
            return None
        told = await self._part(one, first, other, second) or await asyncio.to_thread(relation, first, second)
        return None if told is None else Told(told, is_told_of(told, first.size, second.size))

    async def signature(self, content: Content) -> Signature | None:
        """Return a content made small, None where its object is gone or cannot be decoded."""
        if content.sha256 in self._signatures:
            self._signatures.move_to_end(content.sha256)
            return self._signatures[content.sha256]
        pixels = await self.pixels(content)
        signed = None if pixels is None else await asyncio.to_thread(_signed, pixels)
        self._signatures[content.sha256] = signed
        if len(self._signatures) > _SIGNATURES_KEPT:
            self._signatures.popitem(last=False)
        return signed

    async def pixels(self, content: Content) -> Bytes | None:
        """Return its pixels, RGB or RGBA; None where they cannot be had."""
        try:
            data = await self._store.get(content.bucket, content.object_key, max_bytes=_MAX_BYTES)
            return (await asyncio.to_thread(decode, data, self._limits)).pixels
        except (ObjectMissingError, ObjectTooLargeError, ImageRejectedError):
            return None

    async def _part(self, one: Content, first: Signature, other: Content, second: Signature) -> Relation | None:
        """Return whether one lies in the other; whole pictures are read only where it looks so from afar."""
        if first.size > second.size:
            one, first, other, second = other, second, one, first
        sighting = await asyncio.to_thread(seen_within, first, second)
        if sighting is None:
            return None
        part, whole = await self.pixels(one), await self.pixels(other)
        if part is None or whole is None:
            return None
        return await asyncio.to_thread(part_relation, part, whole, sighting)


def _signed(pixels: Bytes) -> Signature:
    return signature(pixels, hashlib.sha256(pixels.tobytes()).digest())

"""What one texture is of those that are stored: asked when it arrives, of a library that goes on growing."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from consumer.findings.hashes import hashes
from consumer.findings.relation import Relation
from consumer.findings.signature import Signature
from consumer.searching.candidates import alike, contents_of
from consumer.searching.comparing import Comparison
from consumer.searching.hash_index import HashIndex
from consumer.storage.objects import ObjectStore
from consumer.storage.tables.duplicates.contents import Content, contents_by_hash, judged_apart_from
from consumer.storage.tables.duplicates.hashes import HashesPlace, KnownHashes, add_hashes, hashes_behind
from consumer.storage.tables.duplicates.relations import Told, keep_relations
from consumer.storage.tables.reads import TagReader
from consumer.storage.tables.textures import embedding_of, is_stored


@dataclass(frozen=True, slots=True)
class Found:
    """Another ``content`` that is the same texture; ``of_asked``: the relation is said of the one that was asked for.

    ``asset_ids``: those that have the content, without the one that was asked for.
    """

    content: Content
    asset_ids: tuple[str, ...]
    relation: Relation
    of_asked: bool
    bytes_saved: int


class NotIndexedYetError(Exception):
    """The embedding of the texture has no place in the index yet; it comes soon."""


class Relatives:
    """Compares a stored texture with all others; of any two, whoever is asked for later finds the other.

    That holds between processes too: hashes are stored before others are read, and the same is asked of embeddings.
    """

    def __init__(self, reader: TagReader, store: ObjectStore) -> None:
        self._reader = reader
        self._compare = Comparison(store)
        self._hashes = _SharedHashes(reader)

    async def __call__(self, asset_id: str, sha256: str) -> list[Found] | None:
        """Return what is found, those that save most first; None where the asset does not have this content (any more).

        What is found of other contents is stored as well, for those who ask the tables.

        Raises:
            NotIndexedYetError: ask again.
            DatabaseError, StoreError: they do not answer.

        """
        content = next(iter(await contents_by_hash(self._reader, [sha256])), None)
        if content is None or asset_id not in content.asset_ids:
            return None
        if await embedding_of(self._reader, sha256, content.model_digest) is None:
            raise NotIndexedYetError
        found = []
        if others := tuple(name for name in content.asset_ids if name != asset_id):
            found.append(Found(content, others, Relation.IDENTICAL, of_asked=True, bytes_saved=content.size_bytes))
        for other in await self._likely(content):
            told = await self._compare(content, other)
            if told is not None:
                saved = min(content.size_bytes, other.size_bytes)
                found.append(Found(other, other.asset_ids, told.relation, told.of_first, saved))
        others_told = [
            Told(item.content.sha256, item.relation.value, item.of_asked)
            for item in found
            if item.content.sha256 != sha256
        ]
        await keep_relations(self._reader, sha256, others_told)
        return sorted(found, key=lambda item: (-item.bytes_saved, item.asset_ids[0]))

    async def is_stored(self, asset_id: str) -> bool:
        """Tell whether there is such an asset; raises DatabaseError."""
        return await is_stored(self._reader, asset_id)

    async def _likely(self, content: Content) -> list[Content]:
        signed = await self._compare.signature(content)
        if signed is None:
            return []
        looking_alike = await contents_of(self._reader, await alike(self._reader, content))
        likely = {item.sha256 for item in looking_alike} | set(await self._hashes.near(content.sha256, signed))
        apart = await judged_apart_from(self._reader, content.sha256)
        return await contents_by_hash(self._reader, likely - apart - {content.sha256})


class _SharedHashes:
    """The index of hashes, which grows by what other processes store as well."""

    def __init__(self, reader: TagReader) -> None:
        self._reader = reader
        self._index = HashIndex()
        self._place = HashesPlace()
        self._lock = asyncio.Lock()

    async def near(self, sha256: str, signed: Signature) -> list[str]:
        await add_hashes(self._reader, sha256, hashes(signed))
        async with self._lock:
            while await self._read_on():
                pass
            return await asyncio.to_thread(self._index.near, signed)

    async def _read_on(self) -> bool:
        place, known = await hashes_behind(self._reader, self._place)
        if place.table != self._place.table:
            self._index = HashIndex()
        await asyncio.to_thread(self._take_in, known)
        self._place = place
        return bool(known)

    def _take_in(self, known: list[KnownHashes]) -> None:
        for item in known:
            self._index.add_hashes(item.sha256, item.hashes)

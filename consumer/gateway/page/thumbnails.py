"""Thumbnails: made once of each image's content, kept in the object store, the same for ever."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

import structlog

from consumer.gateway.refusals import RefusedError, away, full
from consumer.imaging.errors import ImageRejectedError
from consumer.imaging.picture import ImageLimits
from consumer.imaging.thumbnail import swatches, thumbnail
from consumer.storage.errors import DatabaseError, ObjectMissingError, ObjectTooLargeError, StoreError
from consumer.storage.objects import ObjectStore
from schemas.objects import sha256_hex

_log = structlog.get_logger(__name__)
# Of a card in the gallery, and of the large picture on a texture's page; pixels of the longer side.
SIDES: Final = (320, 1280)
_MAX_THUMBNAIL_BYTES: Final = 8 * 1024 * 1024
_REFUSED_KEPT: Final = 4096
_SWATCHES_KEPT: Final = 4096
_THREADS: Final = 2
_WAITING: Final = 128

Location = Callable[[str], Awaitable[tuple[str, str] | None]]


class Thumbnails:
    """Gives thumbnails by content hash; at most two images are decoded at once, in threads of their own.

    An image whose decoding failed is not decoded again while this process lives: it may have been made to cost.
    """

    def __init__(self, store: ObjectStore, location: Location, limits: ImageLimits) -> None:
        self._store = store
        self._location = location
        self._limits = limits
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="thumbnail")
        self._places = asyncio.Semaphore(_THREADS)
        self._making: dict[str, asyncio.Task[bytes]] = {}
        self._refused: OrderedDict[str, str] = OrderedDict()
        self._swatches: OrderedDict[str, tuple[str, ...]] = OrderedDict()

    async def get(self, sha256: str, side: int) -> bytes:
        """Return the WebP of an image.

        Raises:
            RefusedError: no texture has this content, it cannot be shown, or not now.

        """
        if sha256 in self._refused:
            raise RefusedError(404, self._refused[sha256])
        key = thumbnail_key(sha256, side)
        try:
            return await self._store.get(self._store.bucket, key, max_bytes=_MAX_THUMBNAIL_BYTES)
        except ObjectMissingError:
            return await self._made(key, sha256, side)
        except StoreError as error:
            raise away("the object store does not answer: try again in a moment") from error

    async def swatches(self, sha256: str) -> tuple[str, ...]:
        """Return the colours of an image, none where it cannot be shown now.

        Those of some thousands are kept: a content has the same for ever, and finding them decodes its thumbnail.
        """
        if sha256 in self._swatches:
            return self._swatches[sha256]
        try:
            small = await self.get(sha256, SIDES[0])
            found = await asyncio.get_running_loop().run_in_executor(self._threads, swatches, small)
        except (RefusedError, OSError):
            return ()
        self._swatches[sha256] = found
        if len(self._swatches) > _SWATCHES_KEPT:
            self._swatches.popitem(last=False)
        return found

    async def close(self) -> None:
        for task in self._making.values():
            task.cancel()
        await asyncio.gather(*self._making.values(), return_exceptions=True)
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _made(self, key: str, sha256: str, side: int) -> bytes:
        """Make it, once for all who ask meanwhile; it is made to the end though the first of them leaves."""
        if key not in self._making:
            if len(self._making) >= _WAITING:
                raise full("many thumbnails are being made: ask again in a moment", 503)
            self._making[key] = asyncio.create_task(self._make(key, sha256, side), name=f"thumbnail {sha256[:8]}")
            self._making[key].add_done_callback(partial(self._done, key))
        return await asyncio.shield(self._making[key])

    def _done(self, key: str, task: asyncio.Task[bytes]) -> None:
        self._making.pop(key, None)
        if not task.cancelled():
            # Who asked may have left; the error was for them.
            task.exception()

    async def _make(self, key: str, sha256: str, side: int) -> bytes:
        async with self._places:
            data = await self._image(sha256)
            try:
                small = await asyncio.get_running_loop().run_in_executor(
                    self._threads, _small, data, sha256, self._limits, side
                )
            except (ImageRejectedError, _OtherContentError) as error:
                raise self._refusal(sha256, str(error)) from error
        try:
            await self._store.put_if_absent(key, small, "image/webp")
        except StoreError as error:
            # It is shown nevertheless, and made again when it is asked for again.
            _log.warning("thumbnail.not_kept", key=key, error=str(error))
        return small

    async def _image(self, sha256: str) -> bytes:
        try:
            found = await self._location(sha256)
            if found is None:
                raise RefusedError(404, "no texture has this content")
            return await self._store.get(*found, max_bytes=self._limits.max_bytes)
        except ObjectTooLargeError as error:
            raise self._refusal(sha256, str(error)) from error
        except ObjectMissingError as error:
            raise RefusedError(404, "the object of this texture is gone from the store") from error
        except DatabaseError as error:
            raise away("the database does not answer: try again in a moment") from error
        except StoreError as error:
            raise away("the object of this texture cannot be read now: try again in a moment") from error

    def _refusal(self, sha256: str, sentence: str) -> RefusedError:
        """Return the answer, now and from now on."""
        self._refused[sha256] = sentence
        if len(self._refused) > _REFUSED_KEPT:
            self._refused.popitem(last=False)
        return RefusedError(404, sentence)


class _OtherContentError(Exception):
    """An object is not what its event says."""


def _small(data: bytes, sha256: str, limits: ImageLimits, side: int) -> bytes:
    if sha256_hex(data) != sha256:
        raise _OtherContentError("the object of this texture is not what its event says: its checksum differs")
    return thumbnail(data, limits, side)


def thumbnail_key(sha256: str, side: int) -> str:
    """Return ``thumbs/<side>/ab/cd/<sha256>.webp``, where the store keeps it."""
    return f"thumbs/{side}/{sha256[:2]}/{sha256[2:4]}/{sha256}.webp"

"""`aegis labels export`: the reviewed assets out of the tables, and their images out of the object store."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

import click

from aegis.shared.errors import UserError
from aegis.shared.tables import read
from consumer.settings import TaggerSettings
from consumer.storage.errors import ObjectDeniedError, ObjectMissingError, ObjectTooLargeError, StoreError
from consumer.storage.objects import ObjectStore
from consumer.storage.tables.reads import TagReader
from consumer.storage.tables.search.filters import SearchFilter
from consumer.storage.tables.search.walk import WalkedAsset, walk
from consumer.storage.tables.verdict_reads import standing_words
from export.evaluation.verdict_labels import ReviewedImage
from schemas.connections import ObjectStoreConnection

_AT_ONCE: Final = 16


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A reviewed image, and where its bytes are."""

    image: ReviewedImage
    bucket: str
    key: str


def reviewed_images(where: SearchFilter) -> list[Reviewed]:
    """Return the assets that the filter keeps and people spoke of, in the order of ids; raises ClickException."""

    async def find(reader: TagReader) -> list[Reviewed]:
        words = await standing_words(reader)
        return [
            _reviewed(asset, said)
            async for asset in walk(reader, where)
            if (said := words.get(asset.summary.asset_id)) is not None
        ]

    return read(find)


def fetch_images(reviewed: Sequence[Reviewed], folder: Path) -> frozenset[str]:
    """Write the images that are not in the folder yet; return the files of those that the store does not give.

    Raises ClickException where it gives none, or the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return asyncio.run(_fetch(reviewed, folder))
    except StoreError as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise UserError(f"--images {folder} cannot be written: {error.strerror or error}") from error


async def _fetch(reviewed: Sequence[Reviewed], folder: Path) -> frozenset[str]:
    wanted = {one.image.file: one for one in reviewed if not (folder / one.image.file).is_file()}
    files, lost = list(wanted), set()
    max_bytes = TaggerSettings().max_object_bytes
    async with ObjectStore(ObjectStoreConnection(), threads=_AT_ONCE) as store:

        async def fetch(file: str) -> None:
            one = wanted[file]
            try:
                data = await store.get(one.bucket, one.key, max_bytes=max_bytes)
            except (ObjectMissingError, ObjectDeniedError, ObjectTooLargeError):
                lost.add(file)
                return
            part = folder / f"{file}.part"
            part.write_bytes(data)
            part.replace(folder / file)

        for start in range(0, len(files), _AT_ONCE):
            await asyncio.gather(*map(fetch, files[start : start + _AT_ONCE]))
    return frozenset(lost)


def _reviewed(asset: WalkedAsset, said: dict[tuple[str, str], bool]) -> Reviewed:
    summary, source = asset.summary, asset.source
    place = f"{summary.bucket}/{summary.object_key}"
    content = asset.sha256 or hashlib.sha256(place.encode()).hexdigest()
    image = ReviewedImage(
        file=content + PurePosixPath(summary.object_key).suffix,
        game=source.get("game") or source.get("archive") or "",
        source_path=source.get("container_path") or summary.asset_id,
        said=said,
    )
    return Reviewed(image, summary.bucket, summary.object_key)

"""The sprites of an atlas as textures, wherever the atlas and its sheets lie."""

from __future__ import annotations

import ntpath
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path, PurePosixPath

from PIL import Image

from producer_tools.errors import ArchiveError
from producer_tools.extraction.atlases.formats import READERS
from producer_tools.extraction.atlases.sprites import Sheet, Sprite, cut, straightened
from producer_tools.extraction.limits import ReadLimits
from producer_tools.extraction.pixels import brief, decoded, file_bytes
from producer_tools.extraction.textures import Entry, Left, Other, UnreadableImageError

Load = Callable[[], Image.Image]
# By the name that an atlas gives: what decodes the sheet, None where there is none of this name beside it.
Find = Callable[[str], Load | None]


@contextmanager
def open_atlas(path: Path, limits: ReadLimits) -> Iterator[list[Entry | Left | Other]]:
    """Yield the sprites of an atlas file; raises ArchiveError for one that is damaged, or whose sheet is not there."""

    def find(name: str) -> Load | None:
        sheet = path.with_name(name)
        if sheet == path or sheet.is_symlink() or not sheet.is_file():
            return None
        return cache(lambda: decoded(file_bytes(sheet, limits), limits))

    try:
        data = file_bytes(path, limits)
    except UnreadableImageError as error:
        raise ArchiveError(f"it {error}") from error
    found = list(sprites_of(path.name, data, find, limits))
    if len(found) == 1 and isinstance(found[0], Left):
        raise ArchiveError(f"it {found[0].reason}")
    yield [*found]


def sprites_of(name: str, data: bytes, find: Find, limits: ReadLimits, prefix: str = "") -> Iterator[Entry | Left]:
    """Yield the sprites of an atlas, keys and paths behind ``prefix``; raises ArchiveError for too many."""
    try:
        sheets = READERS[PurePosixPath(name).suffix.lower()](data)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a parser raises is the file's fault
        yield Left(prefix.rstrip("/") or name, f"is no atlas that can be read ({brief(error)})")
        return
    limits.check_member_count(sum(len(sheet.sprites) for sheet in sheets))
    for sheet in sheets:
        yield from _of_sheet(name, sheet, find, limits, prefix)


def _of_sheet(name: str, sheet: Sheet, find: Find, limits: ReadLimits, prefix: str) -> Iterator[Entry | Left]:
    beside = ntpath.basename(sheet.image)
    load = find(beside) if beside else None
    if load is None:
        yield Left(
            prefix.rstrip("/") or name,
            f"cuts up the sheet {beside!r}, which is not beside it: put it there, and extract both",
        )
        return
    if sheet.premultiplied:
        load = cache(partial(_straight, load))
    for sprite in sheet.sprites:
        key = f"{prefix}{sprite.name}"
        yield Entry(
            key=key,
            name=ntpath.basename(sprite.name) or sprite.name,
            source_type="Sprite",
            container_path=key,
            load=partial(_cut, load, sprite, limits),
        )


def _cut(load: Load, sprite: Sprite, limits: ReadLimits) -> Image.Image:
    return cut(load(), sprite, limits)


def _straight(load: Load) -> Image.Image:
    return straightened(load())

"""Quake's archives: .pak with paths, and .wad of versions 2 and 3 with textures in 256 colours."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from producer_tools.errors import ArchiveError
from producer_tools.extraction.games.regions import name_of, read_at, region, unpack_at
from producer_tools.extraction.limits import ReadLimits
from producer_tools.extraction.pixels import check_size
from producer_tools.extraction.readers.members import textures_of
from producer_tools.extraction.textures import Entry, Left, Other, UnreadableImageError

_PAK_ENTRY: Final = struct.Struct("<56sII")
_WAD_ENTRY: Final = struct.Struct("<IIIBBxx16s")
_PICTURE, _TEXTURE, _QUAKE_TEXTURE = 0x42, 0x43, 0x44
_HEADS: Final = {_PICTURE: struct.Struct("<II"), _TEXTURE: struct.Struct("<16x6I")}
_PALETTE_BYTES: Final = 768
_TRANSPARENT: Final = 255


@contextmanager
def open_pak(path: Path, limits: ReadLimits) -> Iterator[list[Entry | Left | Other]]:
    """Yield the images of the archive; raises ArchiveError."""
    _, at, size_bytes = unpack_at("<4sII", path, 0)
    limits.check_member_count(size_bytes // _PAK_ENTRY.size)
    table = read_at(path, at, size_bytes // _PAK_ENTRY.size * _PAK_ENTRY.size)
    yield textures_of((region(name_of(name), path, *place) for name, *place in _PAK_ENTRY.iter_unpack(table)), limits)


@contextmanager
def open_wad(path: Path, limits: ReadLimits) -> Iterator[list[Entry | Left | Other]]:
    """Yield the textures of the archive; raises ArchiveError."""
    magic, count, at = unpack_at("<4sII", path, 0)
    limits.check_member_count(count)
    table = read_at(path, at, count * _WAD_ENTRY.size)
    if sum(size for _, size, *_ in _WAD_ENTRY.iter_unpack(table)) > limits.max_total_bytes:
        raise ArchiveError("it is damaged: its members are larger than all of it")
    yield [_lump(path, fields, limits, has_palettes=magic == b"WAD3") for fields in _WAD_ENTRY.iter_unpack(table)]


def _lump(
    path: Path, fields: tuple[int, int, int, int, int, bytes], limits: ReadLimits, *, has_palettes: bool
) -> Entry | Left | Other:
    at, size_bytes, _, kind, packing, field = fields
    name = name_of(field)
    if kind not in {_PICTURE, _TEXTURE, _QUAKE_TEXTURE}:
        return Other(name)
    if not has_palettes:
        return Left(name, "is in the colours of Quake, whose palette is in no file of this kind: export it as PNG")
    if packing:
        return Left(name, "is packed, as no game's files are known to be: export it as PNG")
    refusal = limits.refusal_of_member(size_bytes)
    if refusal:
        return Left(name, refusal)
    load = partial(_texture, path, at, size_bytes, limits, kind=kind, has_hole=name.startswith("{"))
    return Entry(key=name, name=name, source_type="image", container_path=name, engine="goldsrc", load=load)


def _texture(path: Path, at: int, size_bytes: int, limits: ReadLimits, *, kind: int, has_hole: bool) -> Image.Image:
    """Return the largest mipmap in the palette behind the smallest."""
    try:
        data = read_at(path, at, size_bytes)
        head = _HEADS[_PICTURE if kind == _PICTURE else _TEXTURE]
        width, height, *places = head.unpack_from(data)
        check_size(width, height, limits)
        start = places[0] if places else head.size
        smallest = places[3] + (width // 8) * (height // 8) if places else start + width * height
        levels = np.frombuffer(data, np.uint8, width * height, start).reshape(height, width)
        colours = np.frombuffer(data, np.uint8, _PALETTE_BYTES, smallest + 2).reshape(256, 3)
    except (ArchiveError, struct.error, ValueError):
        raise UnreadableImageError("is damaged: it ends before its pixels or its palette do") from None
    pixels = colours[levels]
    if has_hole:
        pixels = np.dstack([pixels, np.where(levels == _TRANSPARENT, 0, 255).astype(np.uint8)])
    return Image.fromarray(pixels)

"""Doom's pictures: columns of opaque runs, flats of 64 pixels a row, and walls put together of pictures."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image

from producer_tools.errors import ArchiveError
from producer_tools.extraction.games.regions import name_of, read_at
from producer_tools.extraction.limits import ReadLimits
from producer_tools.extraction.pixels import check_size
from producer_tools.extraction.textures import UnreadableImageError

PALETTE_BYTES: Final = 768
_HEAD: Final = struct.Struct("<HHhh")
_WALL: Final = struct.Struct("<8s4xHH4xH")
_PART: Final = struct.Struct("<hhH4x")
_WIDEST: Final = 4096
_END: Final = 255
Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Wall:
    """``parts`` are pictures by name, each with the column and row where it begins."""

    width: int
    height: int
    parts: tuple[tuple[str, int, int], ...]


def flat(path: Path, at: int, size_bytes: int, palette: bytes, limits: ReadLimits) -> Image.Image:
    """Return a floor or ceiling."""
    check_size(64, size_bytes // 64, limits)
    return Image.fromarray(_colours(palette)[np.frombuffer(read_at(path, at, size_bytes), np.uint8).reshape(-1, 64)])


def looks_like_picture(path: Path, at: int, size_bytes: int) -> bool:
    """Tell whether a lump, which has no mark, begins as a picture does: with its columns' places, in itself."""
    if size_bytes < _HEAD.size + 4:
        return False
    width, height, *_ = _HEAD.unpack(read_at(path, at, _HEAD.size))
    head_bytes = _HEAD.size + 4 * width
    if not 0 < width <= _WIDEST or not 0 < height <= _WIDEST or head_bytes >= size_bytes:
        return False
    places = np.frombuffer(read_at(path, at + _HEAD.size, 4 * width), "<u4")
    return bool((places >= head_bytes).all() and (places < size_bytes).all())


def picture(path: Path, at: int, size_bytes: int, palette: bytes, limits: ReadLimits) -> Image.Image:
    """Return a picture, transparent where no column has pixels."""
    data = read_at(path, at, size_bytes)
    width, height, *_ = _HEAD.unpack_from(data)
    check_size(width, height, limits)
    pixels = np.zeros((height, width, 4), np.uint8)
    colours = _colours(palette)
    try:
        for column, start in enumerate(struct.unpack_from(f"<{width}I", data, _HEAD.size)):
            _column(data, start, pixels[:, column], colours)
    except IndexError:
        raise UnreadableImageError("is damaged: a column of the picture does not end") from None
    return Image.fromarray(pixels)


def _column(data: bytes, at: int, column: Any, colours: Any) -> None:
    row = -1
    while data[at] != _END:
        start, count = data[at], data[at + 1]
        # In pictures that are taller than 254 pixels a start that does not go down counts from the one before.
        row = row + start if start <= row else start
        shown = colours[np.frombuffer(data[at + 3 : at + 3 + count], np.uint8)][: max(len(column) - row, 0)]
        column[row : row + len(shown), :3] = shown
        column[row : row + len(shown), 3] = 255
        at += count + 4


def walls(table: bytes, names: bytes, limits: ReadLimits) -> dict[str, Wall]:
    """Return the walls of a TEXTURE1 lump by name, their pictures named by PNAMES; none of tables that are damaged."""
    if len(table) < 4 or len(names) < 4:
        return {}
    known = [name_of(names[at : at + 8]).upper() for at in range(4, len(names) - 7, 8)]
    found: dict[str, Wall] = {}
    try:
        (count,) = struct.unpack_from("<I", table)
        limits.check_member_count(count)
        for at in struct.unpack_from(f"<{count}I", table, 4):
            name, width, height, part_count = _WALL.unpack_from(table, at)
            parts = [_PART.unpack_from(table, at + _WALL.size + _PART.size * number) for number in range(part_count)]
            named = tuple((known[number], x, y) for x, y, number in parts if number < len(known))
            found[name_of(name).upper()] = Wall(width, height, named)
    except struct.error:
        return found
    return found


def wall(path: Path, made_of: Wall, places: Mapping[str, Place], palette: bytes, limits: ReadLimits) -> Image.Image:
    """Return the wall, later pictures over earlier ones."""
    check_size(made_of.width, made_of.height, limits)
    whole = Image.new("RGBA", (made_of.width, made_of.height))
    for name, column, row in made_of.parts:
        if name not in places:
            raise UnreadableImageError(f"is made of {name}, which is in another file: extract the game's own .wad")
        if not looks_like_picture(path, *places[name]):
            raise UnreadableImageError(f"is made of {name}, which is no picture of Doom's kind: export it as PNG")
        part = picture(path, *places[name], palette, limits)
        whole.paste(part, (column, row), part)
    return whole


def _colours(palette: bytes) -> Any:
    if len(palette) < PALETTE_BYTES:
        raise ArchiveError("its palette is cut short")
    return np.frombuffer(palette, np.uint8).reshape(256, 3)

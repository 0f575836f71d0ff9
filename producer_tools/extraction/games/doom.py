"""Doom's .wad: flats and pictures in the colours of its palette, and the walls that are made of pictures."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from PIL import Image

from producer_tools.extraction.games.doom_pictures import PALETTE_BYTES, flat, looks_like_picture, picture, wall, walls
from producer_tools.extraction.games.regions import name_of, read_at, region, unpack_at
from producer_tools.extraction.limits import ReadLimits
from producer_tools.extraction.readers.members import textures_of
from producer_tools.extraction.textures import Entry, Left, Other

_ENTRY: Final = struct.Struct("<II8s")
_FLAT_BYTES: Final = 4096
_NO_PALETTE: Final = "is in the colours of a palette that is in another file: extract the game's own .wad (IWAD)"
# Between markers such as S_START and S_END, or SS_START and SS_END.
_SECTIONS: Final = {"F": "flats", "S": "sprites", "P": "patches", "T": "textures"}


@dataclass(slots=True)
class _Lumps:
    """What the directory lists: section, name, place and size; ``by_name`` keeps the last of each name, as games do."""

    path: Path
    listed: list[tuple[str, str, int, int]] = field(default_factory=list)
    by_name: dict[str, tuple[int, int]] = field(default_factory=dict)

    def data(self, name: str) -> bytes:
        return read_at(self.path, *self.by_name[name]) if name in self.by_name else b""


@contextmanager
def open_doom(path: Path, limits: ReadLimits) -> Iterator[list[Entry | Left | Other]]:
    """Yield the textures of the archive; raises ArchiveError."""
    _, count, at = unpack_at("<4sII", path, 0)
    limits.check_member_count(count)
    lumps = _lumps(path, read_at(path, at, count * _ENTRY.size))
    limits.check_total(sum(size for *_, size in lumps.listed))
    palette = lumps.data("PLAYPAL")[:PALETTE_BYTES]
    items = [item for lump in lumps.listed for item in _lump(lumps, lump, palette, limits)]
    yield items + _walls(lumps, palette, limits)


def _lumps(path: Path, table: bytes) -> _Lumps:
    lumps = _Lumps(path)
    section = ""
    for at, size_bytes, raw in _ENTRY.iter_unpack(table):
        name = name_of(raw).upper()
        start, _, end = name.partition("_")
        if end in {"START", "END"}:
            section = _SECTIONS.get(start[:1], "") if end == "START" else ""
        elif size_bytes:
            lumps.listed.append((section, name, at, size_bytes))
            lumps.by_name[name] = (at, size_bytes)
    return lumps


def _lump(
    lumps: _Lumps, lump: tuple[str, str, int, int], palette: bytes, limits: ReadLimits
) -> list[Entry | Left | Other]:
    section, name, at, size_bytes = lump
    place = f"{section or 'graphics'}/{name}"
    member = region(place, lumps.path, at, size_bytes)
    if member.refusal:
        return [Left(place, member.refusal)]
    if section == "flats" and size_bytes >= _FLAT_BYTES and size_bytes % 64 == 0:
        load = partial(flat, lumps.path, at, size_bytes, palette, limits)
    elif looks_like_picture(lumps.path, at, size_bytes):
        load = partial(picture, lumps.path, at, size_bytes, palette, limits)
    else:
        return textures_of([member], limits, engine="doom")
    return [_entry(place, load) if palette else Left(place, _NO_PALETTE)]


def _walls(lumps: _Lumps, palette: bytes, limits: ReadLimits) -> list[Entry | Left | Other]:
    """Return the walls, each of which the game puts together out of pictures."""
    found: list[Entry | Left | Other] = []
    for table in ("TEXTURE1", "TEXTURE2"):
        for name, parts in walls(lumps.data(table), lumps.data("PNAMES"), limits).items():
            place = f"walls/{name}"
            load = partial(wall, lumps.path, parts, lumps.by_name, palette, limits)
            found.append(_entry(place, load) if palette else Left(place, _NO_PALETTE))
    return found


def _entry(place: str, load: Callable[[], Image.Image]) -> Entry:
    name = place.rpartition("/")[2]
    return Entry(key=place, name=name, source_type="image", container_path=place, engine="doom", load=load)

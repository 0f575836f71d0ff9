"""PCK, the packs of Godot 3 and 4."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from producer_tools.errors import ArchiveError
from producer_tools.extraction.games.regions import name_of, region, unpack_at
from producer_tools.extraction.limits import ReadLimits
from producer_tools.extraction.readers.members import Member, textures_of
from producer_tools.extraction.textures import Entry, Left, Other

_GODOT_3, _GODOT_4, _GODOT_4_5 = 1, 2, 3
_RESERVED_BYTES: Final = 64
_ENCRYPTED: Final = 0x1
_REMOVED: Final = 0x2
_LONGEST_NAME_BYTES: Final = 4096


@contextmanager
def open_pck(path: Path, limits: ReadLimits) -> Iterator[list[Entry | Left | Other]]:
    """Yield the images of the pack; raises ArchiveError."""
    version, major, minor, patch = unpack_at("<4x4I", path, 0)
    if version not in {_GODOT_3, _GODOT_4, _GODOT_4_5}:
        raise ArchiveError(f"it is a Godot pack of version {version}, which is not read: unpack it with GDRE Tools")
    at, base = 20, 0
    if version >= _GODOT_4:
        flags, base = unpack_at("<IQ", path, at)
        if flags & _ENCRYPTED:
            raise ArchiveError("its list of files is encrypted: unpack it with the game's key and GDRE Tools")
        at += 12
    if version == _GODOT_4_5:
        (at,) = unpack_at("<Q", path, at)
    else:
        at += _RESERVED_BYTES
    (count,) = unpack_at("<I", path, at)
    limits.check_member_count(count)
    members = list(_members(path, at + 4, count, base, version))
    yield textures_of(members, limits, engine=f"godot {major}.{minor}.{patch}")


def _members(path: Path, at: int, count: int, base: int, version: int) -> Iterator[Member]:
    entry = struct.Struct("<QQ16x" if version == _GODOT_3 else "<QQ16xI")
    for _ in range(count):
        (name_bytes,) = unpack_at("<I", path, at)
        if name_bytes > _LONGEST_NAME_BYTES:
            raise ArchiveError("it is damaged: a name in its list of files does not end")
        name, start, size_bytes, *flags = unpack_at(f"<{name_bytes}s{entry.format[1:]}", path, at + 4)
        at += 4 + name_bytes + entry.size
        if flags and flags[0] & _REMOVED:
            continue
        member = region(name_of(name).removeprefix("res://"), path, base + start, size_bytes)
        encrypted = bool(flags) and bool(flags[0] & _ENCRYPTED)
        yield replace(member, refusal="is encrypted") if encrypted else member

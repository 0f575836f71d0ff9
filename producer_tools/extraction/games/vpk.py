"""VPK, the archives of the Source engine: a directory file, and numbered files beside it that hold the members."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from producer_tools.errors import ArchiveError
from producer_tools.extraction.games.regions import read_at, region, unpack_at
from producer_tools.extraction.limits import ReadLimits
from producer_tools.extraction.readers.members import Member, textures_of
from producer_tools.extraction.textures import Entry, Left, Other

_HEADS: Final = {1: 12, 2: 28}
_ENTRY: Final = struct.Struct("<IHHIIH")
_IN_THIS_FILE: Final = 0x7FFF
_END: Final = 0xFFFF
_NOTHING: Final = " "
_DIRECTORY: Final = re.compile(r"_dir(?=\.vpk$)", re.IGNORECASE)


@contextmanager
def open_vpk(path: Path, limits: ReadLimits) -> Iterator[list[Entry | Left | Other]]:
    """Yield the images of the archive whose directory this is; raises ArchiveError."""
    _, version, tree_bytes = unpack_at("<4sII", path, 0)
    if version not in _HEADS:
        raise ArchiveError(f"it is a VPK archive of version {version}, which is not read: unpack it with VRF")
    head_bytes = _HEADS[version]
    tree = read_at(path, head_bytes, tree_bytes)
    try:
        members = list(_members(path, tree, head_bytes + tree_bytes, limits))
    except (ValueError, struct.error):
        raise ArchiveError("it is damaged: its tree of names does not end") from None
    yield textures_of(members, limits)


def _members(path: Path, tree: bytes, data_at: int, limits: ReadLimits) -> Iterator[Member]:
    at, count = 0, 0
    extension, at = _text(tree, at)
    while extension:
        folder, at = _text(tree, at)
        while folder:
            name, at = _text(tree, at)
            while name:
                count += 1
                limits.check_member_count(count)
                _, before_bytes, *place, end = _ENTRY.unpack_from(tree, at)
                at += _ENTRY.size + before_bytes
                if end != _END:
                    raise ValueError(name)
                yield _member(_path(folder, name, extension), path, place, data_at, tree[at - before_bytes : at])
                name, at = _text(tree, at)
            folder, at = _text(tree, at)
        extension, at = _text(tree, at)


def _path(folder: str, name: str, extension: str) -> str:
    """Return the whole name; one blank stands for a part that is not there."""
    file = name if extension == _NOTHING else f"{name}.{extension}"
    return file if folder == _NOTHING else f"{folder}/{file}"


def _member(name: str, path: Path, place: list[int], data_at: int, before: bytes) -> Member:
    number, at, size_bytes = place
    if number == _IN_THIS_FILE or not size_bytes:
        return region(name, path, data_at + at if size_bytes else 0, size_bytes, before)
    part = path.with_name(_DIRECTORY.sub(f"_{number:03d}", path.name))
    if part == path or part.is_symlink() or not part.is_file():
        wanted = f"lies in {part.name}, which is not beside its directory: extract it where the game has it"
        return Member(name, size_bytes, path.open, refusal=wanted)
    return region(name, part, at, size_bytes, before)


def _text(tree: bytes, at: int) -> tuple[str, int]:
    end = tree.index(b"\0", at)
    return tree[at:end].decode("utf-8", errors="replace"), end + 1

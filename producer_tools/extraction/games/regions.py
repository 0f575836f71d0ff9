"""Members of archives that lie in a file as they are: an offset and a size."""

from __future__ import annotations

import struct
from functools import partial
from pathlib import Path
from typing import Any, Self

from producer_tools.errors import ArchiveError
from producer_tools.extraction.readers.members import Member


class Region:
    """A stream over some bytes of a file, behind bytes that were kept elsewhere."""

    def __init__(self, path: Path, at: int, size_bytes: int, before: bytes = b"") -> None:
        self._file = path.open("rb")
        self._file.seek(at)
        self._left = size_bytes
        self._before = before

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def read(self, most_bytes: int) -> bytes:
        start, self._before = self._before[:most_bytes], self._before[most_bytes:]
        piece = self._file.read(min(most_bytes - len(start), self._left))
        self._left -= len(piece)
        return start + piece


def region(name: str, path: Path, at: int, size_bytes: int, before: bytes = b"") -> Member:
    """Return a member that lies at this place; one that lies outside of the file must not be opened."""
    outside = at < 0 or size_bytes < 0 or at + size_bytes > path.stat().st_size
    return Member(
        name,
        max(size_bytes, 0) + len(before),
        partial(Region, path, at, size_bytes, before),
        refusal="lies outside of its archive, which is damaged" if outside else None,
    )


def read_at(path: Path, at: int, size_bytes: int) -> bytes:
    """Return bytes of the archive's own tables; raises ArchiveError where the file ends before."""
    if at < 0 or size_bytes < 0 or at + size_bytes > path.stat().st_size:
        raise ArchiveError("it is damaged or cut short: its table of members lies outside of it")
    with path.open("rb") as file:
        file.seek(at)
        return file.read(size_bytes)


def unpack_at(layout: str, path: Path, at: int) -> tuple[Any, ...]:
    """Return the fields at a place of the file; raises ArchiveError where it ends before."""
    return struct.unpack(layout, read_at(path, at, struct.calcsize(layout)))


def name_of(field: bytes) -> str:
    """Return a name that is filled up with zeros."""
    return field.split(b"\0", 1)[0].decode("utf-8", errors="replace")

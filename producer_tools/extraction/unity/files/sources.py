"""The files of a build, wherever they lie: on the disk whole or in parts, or packed in an archive."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from producer_tools.extraction.parts import parts_of_wholes
from producer_tools.extraction.unity.files.streams import joined

_HEAD_BYTES: Final = 64


@dataclass(frozen=True, slots=True)
class Source:
    """A file; ``place`` is its path inside the build.

    ``open`` gives it as a file that can be sought in; it raises OSError, or ArchiveError where a limit forbids it.
    ``read_head`` gives its first bytes where these are cheaper to have.
    """

    place: str
    size_bytes: int
    open: Callable[[], Any]
    read_head: Callable[[], bytes] | None = None

    @property
    def name(self) -> str:
        return PurePosixPath(self.place).name

    def head(self) -> bytes:
        """Return the first bytes, by which a file is known."""
        if self.read_head is not None:
            return self.read_head()
        with self.open() as file:
            return bytes(file.read(_HEAD_BYTES))


def file_source(path: Path, place: str) -> Source:
    def open_file() -> Any:
        # What was a file when it was listed may be a link by now.
        return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb")

    return Source(place, path.lstat().st_size, open_file)


def source_of_parts(parts: Sequence[Source], place: str) -> Source:
    """Return parts as the one file that they are; no more than one of them is open at a time."""

    def read(number: int, at: int, size: int) -> bytes:
        with parts[number].open() as file:
            file.seek(at)
            return bytes(file.read(size))

    sizes = [part.size_bytes for part in parts]
    return Source(place, sum(sizes), lambda: joined(sizes, read), parts[0].read_head if parts else None)


def with_wholes(sources: Sequence[Source]) -> list[Source]:
    """Return the sources with those that are parts joined to what they are parts of."""
    by_place = {source.place: source for source in sources}
    wholes = parts_of_wholes(by_place)
    parts = {place for places in wholes.values() for place in places}
    kept = [source for source in sources if source.place not in parts]
    return kept + [source_of_parts([by_place[part] for part in wholes[place]], place) for place in sorted(wholes)]


def folder_sources(folder: Path, *, deep: bool = True) -> list[Source]:
    """Return the files of a folder, to any depth if so asked, in the order of their names; no link is followed."""
    return with_wholes([file_source(path, path.relative_to(folder).as_posix()) for path in _files(folder, deep=deep)])


def _files(folder: Path, *, deep: bool) -> Iterator[Path]:
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(folders) if deep else []
        for name in sorted(names):
            path = Path(here, name)
            if path.is_file() and not path.is_symlink():
                yield path

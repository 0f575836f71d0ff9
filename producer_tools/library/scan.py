"""The textures below a folder: which are new, which changed, which are gone."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from producer_tools.errors import InputError
from producer_tools.extraction.readers.sniff import Kind, sniff
from producer_tools.library.known import KnownFiles

IGNORE_FILE: Final = ".aegisignore"


@dataclass(frozen=True, slots=True)
class Changed:
    """A texture to send: its bytes as they were read, and the file as it was then."""

    name: str
    data: bytes
    sha256: str
    stat: os.stat_result


@dataclass(frozen=True, slots=True)
class Same:
    """A texture that was sent as it is; ``stat`` and digest of one whose bytes had to be read to know that."""

    name: str
    stat: os.stat_result | None = None
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Left:
    """A file that is left out; ``reason`` None for one that is no texture."""

    name: str
    reason: str | None


class Ignore:
    """`.aegisignore`: one pattern a line; `*` matches any part of a path, and what stands for a folder all below it.

    A pattern without a slash is compared with each name on the way, one with a slash with the path from the root.
    """

    def __init__(self, root: Path) -> None:
        path = root / IGNORE_FILE
        try:
            lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{path} cannot be read ({getattr(error, 'strerror', None) or error}).") from error
        stripped = (line.strip() for line in lines)
        self._patterns = [line.strip("/") for line in stripped if line.strip("/") and not line.startswith("#")]

    def __call__(self, name: str) -> bool:
        """Return whether a path below the root is left out; its folders were asked for before."""
        last = name.rpartition("/")[2]
        return any(fnmatchcase(name if "/" in pattern else last, pattern) for pattern in self._patterns)


def scan(known: KnownFiles, max_bytes: int) -> Iterator[Changed | Same | Left]:
    """Yield what lies below the root, in the order of names; hidden files and links are passed over.

    Raises InputError where the root cannot be read.
    """
    ignore = Ignore(known.root)
    for name, path in _files(known.root, "", ignore):
        try:
            stat = path.stat()
            sent = known.files.get(name)
            if sent is not None and sent.looks_like(stat):
                yield Same(name)
            elif sniff(path) is not Kind.IMAGE:
                yield Left(name, None)
            elif stat.st_size > max_bytes:
                yield Left(name, f"has more than {max_bytes} bytes (AEGIS_EXTRACT_MAX_MEMBER_BYTES)")
            else:
                data = path.read_bytes()
                sha256 = hashlib.sha256(data).hexdigest()
                is_same = sent is not None and sent.sha256 == sha256
                yield Same(name, stat, sha256) if is_same else Changed(name, data, sha256, stat)
        except FileNotFoundError:
            # It went while we looked.
            continue
        except OSError as error:
            yield Left(name, f"cannot be read ({error.strerror})")


def _files(folder: Path, prefix: str, ignore: Ignore) -> Iterator[tuple[str, Path]]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        # What cannot be listed is not gone: nothing below it may count as removed.
        raise InputError(f"{folder} cannot be listed ({error.strerror}).") from error
    for entry in entries:
        name = prefix + entry.name
        if entry.name.startswith(".") or entry.is_symlink() or ignore(name):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _files(Path(entry.path), f"{name}/", ignore)
        elif entry.is_file(follow_symlinks=False):
            yield name, Path(entry.path)

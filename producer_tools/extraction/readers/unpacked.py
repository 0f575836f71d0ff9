"""Members of archives that are read in one go: what is read of them goes to numbered files of a scratch folder.

No name of an archive ever becomes a path.
"""

from __future__ import annotations

import io
from functools import partial
from pathlib import Path
from typing import IO, Final

from consumer.imaging.signatures import SIGNATURE_BYTES
from producer_tools.extraction.limits import ReadLimits
from producer_tools.extraction.readers.members import Member
from producer_tools.extraction.readers.sniff import Kind, kind_of
from producer_tools.extraction.unity.files.signatures import is_of_a_build

_CHUNK_BYTES: Final = 1024 * 1024
_KINDS: Final = (Kind.IMAGE, Kind.ATLAS, Kind.UNITY)


class UnpackedMember:
    """A member whose bytes come piece by piece: kept whole where it may be read, else its first bytes alone."""

    def __init__(self, name: str, size_bytes: int, path: Path, limits: ReadLimits) -> None:
        self._name = name
        self._size_bytes = size_bytes
        self._path = path
        self._refusal = limits.refusal_of_member(size_bytes)
        self._head = b""
        self._file: IO[bytes] | None = None
        self.written_bytes = 0

    def write(self, piece: bytes) -> None:
        self.written_bytes += len(piece)
        if self._file is not None:
            self._file.write(piece)
        elif len(self._head) < SIGNATURE_BYTES:
            self._head += piece
            if len(self._head) >= SIGNATURE_BYTES:
                self._begin()

    def member(self) -> Member:
        """Return what was written; nothing more may be."""
        if self._file is None and len(self._head) < SIGNATURE_BYTES:
            self._begin()
        if self._file is None:
            head = self._head[:SIGNATURE_BYTES]
            return Member(self._name, self._size_bytes, partial(io.BytesIO, head), refusal=self._refusal)
        self.close()
        return Member(self._name, self._size_bytes, partial(self._path.open, "rb"), unpacked=self._path)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _begin(self) -> None:
        is_read = kind_of(self._name, self._head, self._size_bytes) in _KINDS or is_of_a_build(self._name)
        if is_read and self._refusal is None and self._file is None:
            self._file = self._path.open("wb")
            self._file.write(self._head)


def copied(stream: IO[bytes], target: UnpackedMember) -> Member:
    """Return the member that the stream holds."""
    try:
        while piece := stream.read(_CHUNK_BYTES):
            target.write(piece)
        return target.member()
    finally:
        target.close()

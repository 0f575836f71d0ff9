"""Windows on files: ranges of one, parts joined, and blocks that are unpacked when they are read."""

from __future__ import annotations

import io
import lzma
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final

_BLOCKS_KEPT: Final = 4
_PACKING_MASK: Final = 0x3F


class Window(io.RawIOBase):
    """Bytes that come from elsewhere, read as a file; ``piece(at, size)`` gives at least one and at most so many."""

    def __init__(self, size_bytes: int, piece: Callable[[int, int], bytes]) -> None:
        super().__init__()
        self._size_bytes = max(size_bytes, 0)
        self._piece = piece
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size_bytes}[whence]
        if base + offset < 0:
            raise ValueError("a place before the first byte")
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        """Return all the bytes that were asked for, fewer at the end alone."""
        left = max(self._size_bytes - self._at, 0)
        wanted = left if size is None or size < 0 else min(size, left)
        pieces = []
        while wanted:
            piece = self._piece(self._at, wanted)
            if not piece:
                break
            pieces.append(piece)
            self._at += len(piece)
            wanted -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def readinto(self, buffer: Any) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def part_of(file: Any, start: int, size_bytes: int) -> Window:
    """Return a range of a file as a file; raises ValueError for one that cannot be."""
    if start < 0 or size_bytes < 0:
        raise ValueError(f"a part of {size_bytes} bytes at {start}")

    def piece(at: int, size: int) -> bytes:
        file.seek(start + at)
        return bytes(file.read(size))

    return Window(size_bytes, piece)


def joined(sizes: Sequence[int], read: Callable[[int, int, int], bytes]) -> Window:
    """Return parts as one file; ``read(part, at, size)`` gives bytes of one of them."""
    ends = list(accumulate(sizes))

    def piece(at: int, size: int) -> bytes:
        number = bisect_right(ends, at)
        inside = at - (ends[number] - sizes[number])
        return read(number, inside, min(size, sizes[number] - inside))

    return Window(ends[-1] if ends else 0, piece)


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a bundle: where it lies in the file, and how large it is there and unpacked."""

    start: int
    packed_bytes: int
    unpacked_bytes: int
    flags: int

    @property
    def is_stored(self) -> bool:
        return self.flags & _PACKING_MASK == 0 and self.packed_bytes == self.unpacked_bytes


def unpacked(blocks: Sequence[Block], stored: Callable[[int, int], bytes], unpack: Callable[[int], bytes]) -> Window:
    """Return what the blocks unpack to as one file; the few that were unpacked last are kept.

    ``stored(start, size)`` gives bytes of the file itself, ``unpack(number)`` a whole block.
    """
    kept: OrderedDict[int, bytes] = OrderedDict()

    def read(number: int, at: int, size: int) -> bytes:
        if blocks[number].is_stored:
            return stored(blocks[number].start + at, size)
        data = kept.get(number)
        if data is None:
            while len(kept) >= _BLOCKS_KEPT:
                kept.popitem(last=False)
            data = unpack(number)
            if len(data) != blocks[number].unpacked_bytes:
                raise ValueError(f"block {number} unpacks to {len(data)} bytes, not {blocks[number].unpacked_bytes}")
            kept[number] = data
        return data[at : at + size]

    return joined([block.unpacked_bytes for block in blocks], read)


def unpack_lzma(data: bytes, unpacked_bytes: int) -> bytes:
    """Unpack what Unity packs with LZMA, and no more than it says; raises ValueError or LZMAError."""
    packing, dictionary_bytes = data[0], int.from_bytes(data[1:5], "little")
    rest, literal_context = divmod(packing, 9)
    position, literal_position = divmod(rest, 5)
    how = {
        "id": lzma.FILTER_LZMA1,
        "dict_size": dictionary_bytes,
        "lc": literal_context,
        "lp": literal_position,
        "pb": position,
    }
    return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[how]).decompress(data[5:], unpacked_bytes)

"""Kinds of JPEG that nobody here reads, told by the header of their frame."""

from __future__ import annotations

import struct
from typing import Final

_MARK: Final = 0xFF
# Markers without anything behind them.
_ALONE: Final = frozenset({0x01, *range(0xD0, 0xD9)})
_SCAN: Final = 0xDA
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_LOSSLESS: Final = frozenset({0xC3, 0xC7, 0xCB, 0xCF})
_HIERARCHICAL: Final = frozenset({0xC5, 0xC6, 0xCD, 0xCE})
_JPEG_LS: Final = 0xF7


def unusual_jpeg(data: bytes) -> str | None:
    """Return in words of which unusual kind a JPEG is, None for those of every day and for what is damaged."""
    at = 2
    while at + 5 <= len(data) and data[at] == _MARK:
        marker = data[at + 1]
        if marker == _JPEG_LS:
            return "a JPEG-LS file"
        if marker in _FRAMES:
            bits = data[at + 4]
            if bits != 8:
                return f"a JPEG file of {bits} bits a channel"
            return "a lossless JPEG file" if marker in _LOSSLESS else _rare(marker)
        if marker == _SCAN:
            return None
        at += 2 if marker in _ALONE else 1 if marker == _MARK else 2 + struct.unpack_from(">H", data, at + 2)[0]
    return None


def _rare(marker: int) -> str | None:
    return "a hierarchical JPEG file" if marker in _HIERARCHICAL else None

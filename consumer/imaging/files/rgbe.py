"""Radiance files, .hdr: three colours that share an exponent, packed in runs."""

from __future__ import annotations

import re
from typing import Final

import numpy as np

from consumer.imaging.errors import undecodable
from consumer.imaging.files.tone import from_linear
from consumer.imaging.picture import ImageLimits, Picture, Samples

MAGICS: Final = (b"#?RADIANCE", b"#?RGBE")
_HEAD: Final = re.compile(rb"\n\n([-+])([YX]) (\d{1,6}) ([-+])([YX]) (\d{1,6})\n")
_MOST_HEAD_BYTES: Final = 65_536
_IN_RUNS: Final = range(8, 0x8000)


def read_hdr(data: bytes, limits: ImageLimits) -> Picture:
    """Decode the file; raises ImageRejectedError."""
    found = _HEAD.search(data, 0, _MOST_HEAD_BYTES)
    if not found or b"FORMAT=32-bit_rle_xyze" in data[: found.start()] or found[2] != b"Y" or found[5] != b"X":
        raise undecodable("is a Radiance file without colours in rows, which is not read: save it as OpenEXR or PNG")
    height, width = int(found[3]), int(found[6])
    limits.check_size(width, height)
    rows = _rows(data, found.end(), width, height)
    # -Y is from the top down, +X from the left.
    rows = rows[::-1] if found[1] == b"+" else rows
    rows = rows[:, ::-1] if found[4] == b"-" else rows
    scale = np.where(rows[..., 3:] > 0, np.exp2(rows[..., 3:].astype(np.float32) - 136), 0)
    return from_linear(rows[..., :3] * scale.astype(np.float32))


def _rows(data: bytes, at: int, width: int, height: int) -> Samples:
    texels = np.frombuffer(data, np.uint8, offset=at)
    mark = bytes([2, 2, width >> 8, width & 0xFF])
    if width not in _IN_RUNS or data[at : at + 4] != mark:
        if texels.size < width * height * 4:
            raise undecodable("is cut short, or packed in the oldest way: save the Radiance file anew")
        return texels[: width * height * 4].reshape(height, width, 4)
    rows = np.empty((height, 4, width), np.uint8)
    for row in rows:
        if data[at : at + 4] != mark:
            raise undecodable("is cut short or damaged: a row of the Radiance file does not begin")
        at = _row(data, at + 4, row.reshape(-1), width)
    return rows.swapaxes(1, 2)


def _row(data: bytes, at: int, row: Samples, width: int) -> int:
    """Unpack the four planes of a row; return where the next begins."""
    filled = 0
    while filled < 4 * width:
        count = data[at] if at < len(data) else 0
        is_run = count > 128
        count -= 128 if is_run else 0
        piece = data[at + 1 : at + 2] * count if is_run else data[at + 1 : at + 1 + count]
        # A run ends with its plane.
        if not count or len(piece) < count or filled % width + count > width:
            raise undecodable("is cut short or damaged: the runs of the Radiance file do not make up a row")
        row[filled : filled + count] = np.frombuffer(piece, np.uint8)
        filled += count
        at += 2 if is_run else 1 + count
    return at

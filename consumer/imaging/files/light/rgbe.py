"""Radiance files, .hdr: three colours that share an exponent, packed in runs."""

from __future__ import annotations

import re
from typing import Final

import numpy as np

from consumer.imaging.errors import undecodable
from consumer.imaging.files.light.primaries import in_srgb
from consumer.imaging.files.light.tone import from_linear
from consumer.imaging.picture import ImageLimits, Picture, Samples

MAGICS: Final = (b"#?RADIANCE", b"#?RGBE")
_HEAD: Final = re.compile(rb"\n\n([-+])([YX]) (\d{1,6}) ([-+])([YX]) (\d{1,6})\n")
_MOST_HEAD_BYTES: Final = 65_536
_IN_RUNS: Final = range(8, 0x8000)
_WHITE_WITH_ITS_ERROR: Final = 1.02
_PRIMARIES: Final = re.compile(rb"^PRIMARIES=([-+.\deE \t]+)$", re.MULTILINE)
# What Radiance itself calculates with, and everybody takes for sRGB.
_RADIANCES_OWN: Final = (0.64, 0.33, 0.29, 0.60, 0.15, 0.06, 0.333, 0.333)
_XYZ: Final = b"FORMAT=32-bit_rle_xyze"
# From CIE XYZ to the primaries of sRGB, whose white is D65.
_FROM_XYZ: Final = np.array(
    [[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]], np.float32
)


def read_hdr(data: bytes, limits: ImageLimits) -> Picture:
    """Decode the file; raises ImageRejectedError."""
    found = _HEAD.search(data, 0, _MOST_HEAD_BYTES)
    if not found or found[2] == found[5]:
        raise undecodable("is a Radiance file that does not say how large it is: save it as OpenEXR or PNG")
    count, length = int(found[3]), int(found[6])
    limits.check_size(count, length)
    rows = _rows(data, found.end(), length, count)
    if found[2] == b"X":
        # What follows each other is columns.
        rows = rows.swapaxes(0, 1)
    down, across = (found[1], found[4]) if found[2] == b"Y" else (found[4], found[1])
    # -Y is from the top down, +X from the left.
    rows = rows[::-1] if down == b"+" else rows
    rows = rows[:, ::-1] if across == b"-" else rows
    scale = np.where(rows[..., 3:] > 0, np.exp2(rows[..., 3:].astype(np.float32) - 136), 0)
    light = rows[..., :3] * scale.astype(np.float32)
    head = data[: found.start() + 1]
    return from_linear(_from_xyz(light) if _XYZ in head else in_srgb(light, _primaries(head)))


def _primaries(head: bytes) -> tuple[float, ...]:
    """Return the chromaticities that the file names, empty where its colours are taken as they are."""
    named = _PRIMARIES.search(head)
    try:
        numbers = tuple(float(number) for number in named[1].split()) if named else ()
    except ValueError:
        return ()
    is_radiances = len(numbers) == len(_RADIANCES_OWN) and np.allclose(numbers, _RADIANCES_OWN, atol=0.002)
    return () if is_radiances else numbers


def _from_xyz(light: Samples) -> Samples:
    colours: Samples = light @ _FROM_XYZ.T
    # Eight bits of a common exponent leave white up to so much too bright, which is no reason to map a whole picture.
    return colours.clip(None, 1) if colours.max(initial=0) <= _WHITE_WITH_ITS_ERROR else colours


def _rows(data: bytes, at: int, width: int, height: int) -> Samples:
    mark = bytes([2, 2, width >> 8, width & 0xFF])
    if width not in _IN_RUNS or data[at : at + 4] != mark:
        return _repeated(data[at:], width * height).reshape(height, width, 4)
    rows = np.empty((height, 4, width), np.uint8)
    for row in rows:
        if data[at : at + 4] != mark:
            raise undecodable("is cut short or damaged: a row of the Radiance file does not begin")
        at = _row(data, at + 4, row.reshape(-1), width)
    return rows.swapaxes(1, 2)


def _repeated(data: bytes, count: int) -> Samples:
    """Return texels that are not packed, or in the oldest way: 1, 1, 1 and how often the one before comes again."""
    texels = np.frombuffer(data, np.uint8, len(data) // 4 * 4).reshape(-1, 4)
    is_mark = (texels[:, :3] == 1).all(axis=1)
    if not is_mark.any():
        texels = texels[:count]
    else:
        # Marks in a row are the digits of one number, the lowest first.
        places = np.arange(len(texels))
        digit = places - np.maximum.accumulate(np.where(is_mark, -1, places)) - 1
        times = np.where(is_mark, texels[:, 3].astype(np.int64) << (8 * digit.clip(0, 3)), 1)
        ends = times.cumsum()
        used = int(np.searchsorted(ends, count)) + 1
        source = np.maximum.accumulate(np.where(is_mark, 0, places))[:used]
        times = times[:used].copy()
        if len(ends) >= used:
            times[-1] -= ends[used - 1] - count
        texels = texels[source.repeat(times)]
    if len(texels) < count:
        raise undecodable("is cut short or damaged: the Radiance file has fewer pixels than its header says")
    return texels


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

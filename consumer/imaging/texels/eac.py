"""EAC, the blocks of one or two channels of ETC2: 11 bits a channel, with a sign or without."""

from __future__ import annotations

from functools import partial
from typing import Final

import numpy as np

from consumer.imaging.picture import Samples
from consumer.imaging.texels.blocks import whole_picture
from consumer.imaging.texels.texel_format import TexelFormat, blocks_of

_READER: Final = "numpy"
# How far a texel is from its block's base, in units of the block's multiplier: a row is named by the block, and a place
# in it by the texel.
_STEPS: Final = np.array(
    [
        *((-3, -6, -9, -15, 2, 5, 8, 14), (-3, -7, -10, -13, 2, 6, 9, 12), (-2, -5, -8, -13, 1, 4, 7, 12)),
        *((-2, -4, -6, -13, 1, 3, 5, 12), (-3, -6, -8, -12, 2, 5, 7, 11), (-3, -7, -9, -11, 2, 6, 8, 10)),
        *((-4, -7, -8, -11, 3, 6, 7, 10), (-3, -5, -8, -11, 2, 4, 7, 10), (-2, -6, -8, -10, 1, 5, 7, 9)),
        *((-2, -5, -8, -10, 1, 4, 7, 9), (-2, -4, -8, -10, 1, 3, 7, 9), (-2, -5, -7, -10, 1, 4, 6, 9)),
        *((-3, -4, -7, -10, 2, 3, 6, 9), (-1, -2, -3, -10, 0, 1, 2, 9), (-4, -6, -8, -9, 3, 5, 7, 8)),
        (-3, -5, -7, -9, 2, 4, 6, 8),
    ],
    np.int32,
)
_MOST, _MOST_SIGNED = 2047, 1023


def _channel(blocks: Samples, *, signed: bool) -> Samples:
    """Return the levels of blocks, uint8 [count, 8], as [count, 4, 4, 1]; 0 is the middle of signed ones."""
    base = blocks[:, 0].astype(np.int32)
    if signed:
        base = np.maximum(blocks[:, 0].view(np.int8), -127).astype(np.int32)
    # Of a multiplier of 0 a step is one of 11 bits, of others it is one of 8.
    multiplier = (blocks[:, 1] >> 4).astype(np.int32)
    unit = np.where(multiplier == 0, 1, multiplier * 8)
    bits = np.unpackbits(blocks[:, 2:], axis=1).reshape(-1, 16, 3)
    places = bits @ np.array([4, 2, 1], np.uint8)
    steps = _STEPS[(blocks[:, 1] & 0xF)[:, None], places]
    values = (base * 8 + (0 if signed else 4))[:, None] + steps * unit[:, None]
    if signed:
        levels = (values.clip(-_MOST_SIGNED, _MOST_SIGNED) + _MOST_SIGNED) * 255 + _MOST_SIGNED
        levels //= 2 * _MOST_SIGNED
    else:
        levels = (values.clip(0, _MOST) * 255 + _MOST // 2) // _MOST
    # The texels of a block come column by column.
    whole: Samples = levels.astype(np.uint8).reshape(-1, 4, 4).swapaxes(1, 2)[..., None]
    return whole


def _unpack(data: bytes, width: int, height: int, *, bands: int, signed: bool) -> Samples:
    blocks = np.frombuffer(data, np.uint8).reshape(-1, bands, 8)
    planes = [
        whole_picture(_channel(np.ascontiguousarray(blocks[:, band]), signed=signed), width, height)
        for band in range(bands)
    ]
    if bands == 1:
        return np.ascontiguousarray(planes[0])
    return np.concatenate([*planes, np.full((height, width, 1), 128 if signed else 0, np.uint8)], axis=-1)


def _eac(name: str, *, bands: int, signed: bool) -> TexelFormat:
    def size_bytes(width: int, height: int) -> int:
        return blocks_of(width, height) * 8 * bands

    mode = "L" if bands == 1 else "RGB"
    return TexelFormat(name, mode, partial(_unpack, bands=bands, signed=signed), size_bytes, _READER, "8 bits")


EAC_R: Final = _eac("EAC R", bands=1, signed=False)
EAC_R_SIGNED: Final = _eac("EAC R signed", bands=1, signed=True)
EAC_RG: Final = _eac("EAC RG", bands=2, signed=False)
EAC_RG_SIGNED: Final = _eac("EAC RG signed", bands=2, signed=True)

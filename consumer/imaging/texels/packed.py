"""Texels of one word each, whose channels are bits of it: 5-6-5, 10-10-10-2, shared exponents and their like."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

import numpy as np

from consumer.imaging.picture import Samples
from consumer.imaging.texels.plain import arranged, mode_of, plain
from consumer.imaging.texels.texel_format import TexelFormat, blocks_of

_READER: Final = "numpy"
_FLOAT_LOSS: Final = "clamped to 0…1, 8 bits"


@cache
def _table(most: int, deep: bool, signed: bool) -> Samples:
    """Return the level of each value of a channel that goes up to ``most``."""
    values = np.arange(most + 1, dtype=np.int64)
    if signed:
        half = (most + 1) // 2
        values = np.maximum((values + half) % (most + 1) - half, 1 - half) + half - 1
        most = 2 * (half - 1)
    top = 65535 if deep else 255
    return ((values * top + most // 2) // most).astype(np.uint16 if deep else np.uint8)


def packed(name: str, bits: int, masks: Mapping[str, int], *, signed: str = "") -> TexelFormat:
    """Return the format of words of so many bits, low byte first, with the bits of each channel as a mask.

    ``signed`` names the channels whose values have a sign. Empty masks are no channel. Masks are of at most 16 bits
    each. Raises ValueError for others.
    """
    kept = {channel: mask for channel, mask in masks.items() if mask}
    spans = {channel: (mask & -mask).bit_length() - 1 for channel, mask in kept.items()}
    if bits not in {8, 16, 24, 32} or not kept or any(mask >> bits for mask in kept.values()):
        raise ValueError(f"{bits} bits with masks {', '.join(f'{mask:x}' for mask in masks.values())}")
    most = {channel: mask >> spans[channel] for channel, mask in kept.items()}
    if any(top > 0xFFFF or top & (top + 1) or (channel in signed and top < 3) for channel, top in most.items()):
        raise ValueError(f"masks {', '.join(f'{mask:x}' for mask in masks.values())}")
    if not signed and all(top == 255 and spans[channel] % 8 == 0 for channel, top in most.items()):
        order = {spans[channel] // 8: channel for channel in kept}
        return plain(name, "".join(order.get(place, "x") for place in range(bits // 8)), "u8")
    deep = len(kept) == 1 and max(most.values()) > 255

    def unpack(data: bytes, width: int, height: int) -> Samples:
        words = _words(data, bits).reshape(height, width)
        planes = {
            channel: _table(top, deep, channel in signed).take((words >> spans[channel]) & top)
            for channel, top in most.items()
        }
        return arranged(planes, height, width, middle=128 if signed else 0)

    def size_bytes(width: int, height: int) -> int:
        return width * height * bits // 8

    loss = "8 bits" if max(most.values()) > 255 and not deep else ""
    return TexelFormat(name, mode_of("".join(kept), deep), unpack, size_bytes, _READER, loss)


def _words(data: bytes, bits: int) -> Samples:
    if bits == 24:
        parts = np.frombuffer(data, np.uint8).reshape(-1, 3).astype(np.uint32)
        return parts[:, 0] | parts[:, 1] << 8 | parts[:, 2] << 16
    return np.frombuffer(data, f"<u{bits // 8}")


def _rgb9e5(data: bytes, width: int, height: int) -> Samples:
    words = np.frombuffer(data, "<u4").reshape(height, width)
    scale = np.exp2((words >> 27).astype(np.float32) - 24)
    return _eight_bits([(words >> shift & 0x1FF) * scale for shift in (0, 9, 18)])


def _r11g11b10(data: bytes, width: int, height: int) -> Samples:
    """Unpack floats without a sign: each is the upper part of a half float's bits."""
    words = np.frombuffer(data, "<u4").reshape(height, width)
    halves = [(words & 0x7FF) << 4, (words >> 11 & 0x7FF) << 4, (words >> 22) << 5]
    return _eight_bits([half.astype(np.uint16).view(np.float16).astype(np.float32) for half in halves])


def _xr_bias(data: bytes, width: int, height: int) -> Samples:
    """Unpack 10 bits a colour from -0.75 to 1.25, and 2 of alpha."""
    words = np.frombuffer(data, "<u4").reshape(height, width)
    colours = [((words >> shift & 0x3FF).astype(np.float32) - 0x180) / 510 for shift in (0, 10, 20)]
    return _eight_bits([*colours, (words >> 30).astype(np.float32) / 3])


def _eight_bits(planes: list[Samples]) -> Samples:
    whole = np.nan_to_num(np.stack(planes, axis=-1), nan=0.0, posinf=1.0, neginf=0.0).clip(0, 1)
    levels: Samples = (whole * 255 + np.float32(0.5)).astype(np.uint8)
    return levels


def _one_bit(data: bytes, width: int, height: int) -> Samples:
    rows = np.frombuffer(data, np.uint8).reshape(height, -1)
    levels: Samples = np.unpackbits(rows, axis=1)[:, :width, None] * np.uint8(255)
    return levels


def _four_bytes(width: int, height: int) -> int:
    return width * height * 4


RGB9E5: Final = TexelFormat("RGB9E5", "RGB", _rgb9e5, _four_bytes, _READER, _FLOAT_LOSS)
R11G11B10: Final = TexelFormat("R11G11B10 float", "RGB", _r11g11b10, _four_bytes, _READER, _FLOAT_LOSS)
XR_BIAS: Final = TexelFormat("R10G10B10 XR bias A2", "RGBA", _xr_bias, _four_bytes, _READER, _FLOAT_LOSS)
R1: Final = TexelFormat("R1", "L", _one_bit, lambda width, height: blocks_of(width, height, 8, 1), _READER)

"""BC6H with a sign, by numpy: Pillow 13.0 turns most values below zero into white."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from consumer.imaging.picture import Samples
from consumer.imaging.texels.blocks import whole_picture
from consumer.imaging.texels.texel_format import TexelFormat, blocks_of

Ints = npt.NDArray[np.int64]

_BLOCK_BYTES: Final = 16
# A block takes some kilobytes while it is unpacked.
_BLOCKS_AT_ONCE: Final = 16_384
_WEIGHTS: Final = {
    3: np.array([0, 9, 18, 27, 37, 46, 55, 64]),
    4: np.array([0, 4, 9, 13, 17, 21, 26, 30, 34, 38, 43, 47, 51, 55, 60, 64]),
}
# Which pixels of a block belong to its second half, as bits from the first pixel on; and that half's short index.
_HALVES: Final = np.array(
    [
        *(0xCCCC, 0x8888, 0xEEEE, 0xECC8, 0xC880, 0xFEEC, 0xFEC8, 0xEC80, 0xC800, 0xFFEC, 0xFE80),
        *(0xE800, 0xFFE8, 0xFF00, 0xFFF0, 0xF000, 0xF710, 0x008E, 0x7100, 0x08CE, 0x008C, 0x7310),
        *(0x3100, 0x8CCE, 0x088C, 0x3110, 0x6666, 0x366C, 0x17E8, 0x0FF0, 0x718E, 0x399C),
    ]
)
_SHORT: Final = np.array([15] * 17 + [2, 8, 2, 2, 8, 8, 15, 2, 8, 2, 2, 8, 8, 2, 2])
# Of each mode: its number, the bits of an end and of the differences to it (none: all ends are in full), and in which
# order the bits of the ends' channels lie behind the number. Microsoft, "BC6H Format", table of modes.
_MODES: Final = """
00 10 5,5,5: g2[4] b2[4] b3[4] r0[9:0] g0[9:0] b0[9:0] r1[4:0] g3[4] g2[3:0] g1[4:0] b3[0] g3[3:0] b1[4:0] b3[1]
  b2[3:0] r2[4:0] b3[2] r3[4:0] b3[3]
01 7 6,6,6: g2[5] g3[4] g3[5] r0[6:0] b3[0] b3[1] b2[4] g0[6:0] b2[5] b3[2] g2[4] b0[6:0] b3[3] b3[5] b3[4] r1[5:0]
  g2[3:0] g1[5:0] g3[3:0] b1[5:0] b2[3:0] r2[5:0] r3[5:0]
00010 11 5,4,4: r0[9:0] g0[9:0] b0[9:0] r1[4:0] r0[10] g2[3:0] g1[3:0] g0[10] b3[0] g3[3:0] b1[3:0] b0[10] b3[1]
  b2[3:0] r2[4:0] b3[2] r3[4:0] b3[3]
00110 11 4,5,4: r0[9:0] g0[9:0] b0[9:0] r1[3:0] r0[10] g3[4] g2[3:0] g1[4:0] g0[10] g3[3:0] b1[3:0] b0[10] b3[1]
  b2[3:0] r2[3:0] b3[0] b3[2] r3[3:0] g2[4] b3[3]
01010 11 4,4,5: r0[9:0] g0[9:0] b0[9:0] r1[3:0] r0[10] b2[4] g2[3:0] g1[3:0] g0[10] b3[0] g3[3:0] b1[4:0] b0[10]
  b2[3:0] r2[3:0] b3[1] b3[2] r3[3:0] b3[4] b3[3]
01110 9 5,5,5: r0[8:0] b2[4] g0[8:0] g2[4] b0[8:0] b3[4] r1[4:0] g3[4] g2[3:0] g1[4:0] b3[0] g3[3:0] b1[4:0] b3[1]
  b2[3:0] r2[4:0] b3[2] r3[4:0] b3[3]
10010 8 6,5,5: r0[7:0] g3[4] b2[4] g0[7:0] b3[2] g2[4] b0[7:0] b3[3] b3[4] r1[5:0] g2[3:0] g1[4:0] b3[0] g3[3:0]
  b1[4:0] b3[1] b2[3:0] r2[5:0] r3[5:0]
10110 8 5,6,5: r0[7:0] b3[0] b2[4] g0[7:0] g2[5] g2[4] b0[7:0] g3[5] b3[4] r1[4:0] g3[4] g2[3:0] g1[5:0] g3[3:0]
  b1[4:0] b3[1] b2[3:0] r2[4:0] b3[2] r3[4:0] b3[3]
11010 8 5,5,6: r0[7:0] b3[1] b2[4] g0[7:0] b2[5] g2[4] b0[7:0] b3[5] b3[4] r1[4:0] g3[4] g2[3:0] g1[4:0] b3[0]
  g3[3:0] b1[5:0] b2[3:0] r2[4:0] b3[2] r3[4:0] b3[3]
11110 6 -: r0[5:0] g3[4] b3[0] b3[1] b2[4] g0[5:0] g2[5] b2[5] b3[2] g2[4] b0[5:0] g3[5] b3[3] b3[5] b3[4] r1[5:0]
  g2[3:0] g1[5:0] g3[3:0] b1[5:0] b2[3:0] r2[5:0] r3[5:0]
00011 10 -: r0[9:0] g0[9:0] b0[9:0] r1[9:0] g1[9:0] b1[9:0]
00111 11 9,9,9: r0[9:0] g0[9:0] b0[9:0] r1[8:0] r0[10] g1[8:0] g0[10] b1[8:0] b0[10]
01011 12 8,8,8: r0[9:0] g0[9:0] b0[9:0] r1[7:0] r0[10:11] g1[7:0] g0[10:11] b1[7:0] b0[10:11]
01111 16 4,4,4: r0[9:0] g0[9:0] b0[9:0] r1[3:0] r0[10:15] g1[3:0] g0[10:15] b1[3:0] b0[10:15]
"""


@dataclass(frozen=True, slots=True)
class _Mode:
    """``places`` tells by end and channel where in the block its bits are, the lowest first; ``ends`` are 2 or 4."""

    number: int
    number_bits: int
    bits: int
    differences: tuple[int, ...] | None
    places: dict[tuple[int, int], list[int]]
    ends: int


def _mode(text: str) -> _Mode:
    head, fields = text.split(":", 1)
    number, bits, differences = head.split()
    places: dict[tuple[int, int], dict[int, int]] = {}
    at = len(number)
    for channel, end, first, last in re.findall(r"([rgb])(\d)\[(\d+):?(\d*)\]", fields):
        low, high = int(last or first), int(first)
        # Written backwards, the highest bit comes first.
        for bit in range(low, high + 1) if low <= high else range(low, high - 1, -1):
            places.setdefault((int(end), "rgb".index(channel)), {})[bit] = at
            at += 1
    return _Mode(
        number=int(number, 2),
        number_bits=len(number),
        bits=int(bits),
        differences=None if differences == "-" else tuple(int(width) for width in differences.split(",")),
        places={key: [found[bit] for bit in sorted(found)] for key, found in places.items()},
        ends=1 + max(end for end, _ in places),
    )


_BY_NUMBER: Final = tuple(_mode(text) for text in re.split(r"\n(?=[01])", _MODES.strip()))


def _unpack(data: bytes, width: int, height: int) -> Samples:
    blocks = np.frombuffer(data, np.uint8).reshape(-1, _BLOCK_BYTES)
    levels = np.concatenate([_some(blocks[at : at + _BLOCKS_AT_ONCE]) for at in range(0, len(blocks), _BLOCKS_AT_ONCE)])
    return whole_picture(levels.reshape(-1, 4, 4, 3), width, height)


def _some(blocks: Samples) -> Samples:
    """Return the levels of 8 bits, [N, 16, 3], of blocks of any modes; unknown modes are black."""
    bits: Ints = np.unpackbits(blocks, axis=1, bitorder="little").astype(np.int64)
    levels = np.zeros((len(bits), 16, 3), np.uint8)
    for mode in _BY_NUMBER:
        chosen = np.flatnonzero(_number(bits, range(mode.number_bits)) == mode.number)
        if chosen.size:
            levels[chosen] = _levels(bits[chosen], mode)
    return levels


def _levels(bits: Ints, mode: _Mode) -> Samples:
    """Return the levels of 8 bits, [N, 16, 3], of blocks of one mode."""
    ends = _ends(bits, mode)
    if mode.ends == 2:
        second = np.zeros((len(bits), 16), np.int64)
        indices = _indices(bits, 65, 4, second)
        weights = _WEIGHTS[4][indices]
    else:
        part = _number(bits, range(77, 82))
        second = _HALVES[part][:, None] >> np.arange(16) & 1
        indices = _indices(bits, 82, 3, np.arange(16) == _SHORT[part][:, None])
        weights = _WEIGHTS[3][indices]
    blocks = np.arange(len(bits))[:, None]
    first, last = ends[blocks, 2 * second], ends[blocks, 2 * second + 1]
    blended = (first * (64 - weights[..., None]) + last * weights[..., None] + 32) >> 6
    # What is below zero is black, and the rest a half float's bits.
    halves = (blended.clip(0, None) * 31 >> 5).astype(np.uint16).view(np.float16).astype(np.float32)
    levels: Samples = (halves.clip(0, 1) * 255 + np.float32(0.5)).astype(np.uint8)
    return levels


def _ends(bits: Ints, mode: _Mode) -> Ints:
    """Return the ends of the lines, [N, ends, 3], of 16 bits with a sign."""
    ends = np.empty((len(bits), mode.ends, 3), np.int64)
    for (end, channel), places in mode.places.items():
        ends[:, end, channel] = _with_sign(_number(bits, places), len(places))
    if mode.differences:
        ends[:, 1:] = _with_sign(ends[:, 1:] + ends[:, :1] & (1 << mode.bits) - 1, mode.bits)
    if mode.bits >= 16:
        return ends
    size, top = np.abs(ends), (1 << (mode.bits - 1)) - 1
    wide = np.where(size >= top, 0x7FFF, (size << 15) + 0x4000 >> mode.bits - 1)
    return np.where(ends == 0, 0, np.sign(ends) * wide)


def _indices(bits: Ints, start: int, width: int, short: Samples) -> Ints:
    """Return the 16 indices of each block; the first, and where ``short`` says so another one, lacks its upper bit."""
    widths = np.full(short.shape, width) - short.astype(np.int64)
    widths[:, 0] = width - 1
    starts = start + np.cumsum(widths, axis=1) - widths
    blocks = np.arange(len(bits))[:, None]
    indices = np.zeros(short.shape, np.int64)
    for place in range(width):
        at = np.minimum(starts + place, 127)
        indices |= np.where(place < widths, bits[blocks, at] << place, 0)
    return indices


def _number(bits: Ints, places: range | list[int]) -> Ints:
    return bits[:, list(places)] @ (1 << np.arange(len(places)))


def _with_sign(values: Ints, width: int) -> Ints:
    return (values ^ 1 << width - 1) - (1 << width - 1)


def _size_bytes(width: int, height: int) -> int:
    return blocks_of(width, height) * _BLOCK_BYTES


BC6H_SIGNED: Final = TexelFormat("BC6H signed", "RGB", _unpack, _size_bytes, "numpy", "clamped to 0…1, 8 bits")

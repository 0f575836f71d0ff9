"""The texel formats of OpenGL, by its internal format where texels are compressed, else by format and type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from consumer.imaging.texels import blocks, eac, mobile, packed
from consumer.imaging.texels.astc import astc
from consumer.imaging.texels.bc6h_signed import BC6H_SIGNED
from consumer.imaging.texels.packed import packed as in_bits
from consumer.imaging.texels.plain import plain
from consumer.imaging.texels.texel_format import TexelFormat, opaque

ASTC_SIDES: Final = (
    *((4, 4), (5, 4), (5, 5), (6, 5), (6, 6), (8, 5), (8, 6), (8, 8)),
    *((10, 5), (10, 6), (10, 8), (10, 10), (12, 10), (12, 12)),
)


def _compressed() -> dict[int, TexelFormat]:
    several = {
        (0x83F0, 0x8C4C): opaque(blocks.BC1),
        (0x83F1, 0x8C4D): blocks.BC1,
        (0x83F2, 0x8C4E): blocks.BC2,
        (0x83F3, 0x8C4F): blocks.BC3,
        (0x8DBB, 0x8C70): blocks.BC4,
        (0x8DBC, 0x8C71): blocks.BC4_SIGNED,
        (0x8DBD,): blocks.BC5,
        (0x8DBE,): blocks.BC5_SIGNED,
        (0x8E8C, 0x8E8D): blocks.BC7,
        (0x8E8E,): BC6H_SIGNED,
        (0x8E8F,): blocks.BC6H,
        (0x8D64,): mobile.ETC1,
        (0x9270,): eac.EAC_R,
        (0x9271,): eac.EAC_R_SIGNED,
        (0x9272,): eac.EAC_RG,
        (0x9273,): eac.EAC_RG_SIGNED,
        (0x9274, 0x9275): mobile.ETC2_RGB,
        (0x9276, 0x9277): mobile.ETC2_RGBA1,
        (0x9278, 0x9279): mobile.ETC2_RGBA8,
        (0x8C00,): mobile.PVRTC_RGB4,
        (0x8C01,): mobile.PVRTC_RGB2,
        (0x8C02,): mobile.PVRTC_RGBA4,
        (0x8C03,): mobile.PVRTC_RGBA2,
        (0x8C92,): mobile.ATC_RGB,
        (0x87EE,): mobile.ATC_RGBA,
    }
    formats = {number: kind for numbers, kind in several.items() for number in numbers}
    for place, sides in enumerate(ASTC_SIDES):
        formats |= {first + place: astc(*sides) for first in (0x93B0, 0x93D0)}
    return formats


COMPRESSED: Final[Mapping[int, TexelFormat]] = _compressed()
# Of plain texels too.
SRGB: Final = frozenset(
    {0x8C40, 0x8C41, 0x8C42, 0x8C43, 0x8C4C, 0x8C4D, 0x8C4E, 0x8C4F, 0x8E8D, 0x9275, 0x9277, 0x9279, 0x8FBD, 0x8FBE}
    | {0x93D0 + place for place in range(len(ASTC_SIDES))}
)
_CHANNELS: Final = {
    0x1903: "r",
    0x8227: "rg",
    0x1907: "rgb",
    0x1908: "rgba",
    0x80E0: "bgr",
    0x80E1: "bgra",
    # Whole numbers, which are levels as the others.
    0x8D94: "r",
    0x8228: "rg",
    0x8D98: "rgb",
    0x8D99: "rgba",
    0x8D9A: "bgr",
    0x8D9B: "bgra",
    0x1909: "l",
    0x190A: "la",
    0x1906: "a",
}
_NUMBERS: Final = {0x1401: "u8", 0x1400: "s8", 0x1403: "u16", 0x1402: "s16", 0x140B: "f16", 0x1406: "f32"}
# The bits of the channels, from the highest of the word down.
_WORDS: Final = {
    0x8363: (5, 6, 5),
    0x8033: (4, 4, 4, 4),
    0x8034: (5, 5, 5, 1),
    0x8035: (8,) * 4,
    0x8036: (10, 10, 10, 2),
}
# From the lowest up.
_REVERSED_WORDS: Final = {
    0x8364: (5, 6, 5),
    0x8365: (4, 4, 4, 4),
    0x8366: (5, 5, 5, 1),
    0x8367: (8,) * 4,
    0x8368: (10, 10, 10, 2),
}
_OTHER_WORDS: Final[Mapping[int, TexelFormat]] = {0x8C3E: packed.RGB9E5, 0x8C3B: packed.R11G11B10}


def gl_format(internal: int, channels: int, number: int) -> TexelFormat | None:
    """Return the format that these numbers of OpenGL name, None for one that is not read."""
    if not channels:
        return COMPRESSED.get(internal)
    if number in _OTHER_WORDS:
        return _OTHER_WORDS[number]
    order = _CHANNELS.get(channels)
    if order and number in _WORDS:
        return _in_words(order[::-1], _WORDS[number][::-1])
    if order and number in _REVERSED_WORDS:
        return _in_words(order, _REVERSED_WORDS[number])
    kind = _NUMBERS.get(number)
    return plain(f"{order} {kind}", order, kind) if order and kind and _is_readable(order, kind) else None


def _in_words(order: str, widths: tuple[int, ...]) -> TexelFormat | None:
    """Return the format of channels in words, both from the lowest bit up."""
    if len(order) != len(widths):
        return None
    masks, at = {}, 0
    for channel, width in zip(order, widths, strict=True):
        masks[channel] = ((1 << width) - 1) << at
        at += width
    fields = "".join(f"{channel}{width}" for channel, width in zip(order, widths, strict=True))
    return in_bits(f"{fields} packed", at, masks)


def _is_readable(order: str, kind: str) -> bool:
    # Grey and alpha in one picture are of 8 bits.
    return order != "la" or kind == "u8"

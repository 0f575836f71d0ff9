"""Unity's GraphicsFormat by its numbers, which arrays and volumes have since Unity 2019.1."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from consumer.imaging.texels import blocks, packed
from consumer.imaging.texels.bc6h_signed import BC6H_SIGNED
from consumer.imaging.texels.packed import packed as in_bits
from consumer.imaging.texels.plain import plain
from producer_tools.extraction.unity.objects.formats import UNITY_FORMATS, UnityFormat

# First number here, and the numbers of TextureFormat from there on; 0 for none.
_RUNS: Final[Mapping[int, tuple[int, ...]]] = {
    1: (63, 62, 3, 4) * 2,
    9: (75, 76, 77, 78),
    13: (63, 62, 3, 4),
    17: (75, 76, 77, 78),
    21: (9, 72, 73, 74),
    25: (79, 80, 81, 82),
    29: (9, 72, 73, 74),
    33: (79, 80, 81, 82),
    45: (15, 16, 0, 17, 18, 19, 23, 20),
    56: (8, 14) * 2,
    66: (13, 0, 7),
    73: (22,),
    96: (10, 10, 11, 11, 12, 12, 26, 0, 27, 0, 24, 0, 25, 25),
    110: (30, 30, 32, 32, 31, 31, 33, 33),
    118: (34, 45, 45, 46, 46, 47, 47, 41, 42, 43, 44),
    129: tuple(number for number in range(54, 60) for _ in range(2)),
    141: (21,),
    145: tuple(range(66, 72)),
}
_OTHERS: Final = {
    47: plain("RGBHalf", "rgb", "f16"),
    67: in_bits("BGRA4444", 16, {"b": 0xF000, "g": 0xF00, "r": 0xF0, "a": 0xF}),
    69: in_bits("BGR565", 16, {"b": 0xF800, "g": 0x7E0, "r": 0x1F}),
    70: in_bits("RGBA5551", 16, {"r": 0xF800, "g": 0x7C0, "b": 0x3E, "a": 0x1}),
    71: in_bits("BGRA5551", 16, {"b": 0xF800, "g": 0x7C0, "r": 0x3E, "a": 0x1}),
    72: in_bits("ARGB1555", 16, {"a": 0x8000, "r": 0x7C00, "g": 0x3E0, "b": 0x1F}),
    74: packed.R11G11B10,
    75: in_bits("ABGR2101010", 32, {"a": 0xC000_0000, "b": 0x3FF0_0000, "g": 0xF_FC00, "r": 0x3FF}),
    78: in_bits("ARGB2101010", 32, {"a": 0xC000_0000, "r": 0x3FF0_0000, "g": 0xF_FC00, "b": 0x3FF}),
    103: blocks.BC4_SIGNED,
    105: blocks.BC5_SIGNED,
    107: BC6H_SIGNED,
}


def _formats() -> dict[int, UnityFormat]:
    found = {number: UnityFormat(texels.name, texels) for number, texels in _OTHERS.items()}
    for first, run in _RUNS.items():
        found |= {first + place: UNITY_FORMATS[number] for place, number in enumerate(run) if number}
    return dict(sorted(found.items()))


GRAPHICS_FORMATS: Final[Mapping[int, UnityFormat]] = MappingProxyType(_formats())

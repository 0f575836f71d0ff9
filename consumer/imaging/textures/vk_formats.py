"""The texel formats of Vulkan, by which KTX2 names what it holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from consumer.imaging.texels import blocks, eac, mobile, packed
from consumer.imaging.texels.astc import astc
from consumer.imaging.texels.bc6h_signed import BC6H_SIGNED
from consumer.imaging.texels.packed import packed as in_bits
from consumer.imaging.texels.plain import plain
from consumer.imaging.texels.texel_format import TexelFormat, opaque
from consumer.imaging.textures.gl_formats import ASTC_SIDES

_FIRST_ASTC: Final = 157
_FIRST_ASTC_HDR: Final = 1_000_066_000
_R5G6B5: Final = {"r": 0xF800, "g": 0x7E0, "b": 0x1F}
_TEN_BITS: Final = {"r": 0x3FF, "g": 0xFFC00, "b": 0x3FF0_0000, "a": 0xC000_0000}


def _formats() -> dict[int, TexelFormat]:
    several = {
        (2,): in_bits("R4G4B4A4 packed", 16, {"r": 0xF000, "g": 0xF00, "b": 0xF0, "a": 0xF}),
        (3,): in_bits("B4G4R4A4 packed", 16, {"b": 0xF000, "g": 0xF00, "r": 0xF0, "a": 0xF}),
        (4,): in_bits("R5G6B5 packed", 16, _R5G6B5),
        (5,): in_bits("B5G6R5 packed", 16, {"b": 0xF800, "g": 0x7E0, "r": 0x1F}),
        (6,): in_bits("R5G5B5A1 packed", 16, {"r": 0xF800, "g": 0x7C0, "b": 0x3E, "a": 0x1}),
        (7,): in_bits("B5G5R5A1 packed", 16, {"b": 0xF800, "g": 0x7C0, "r": 0x3E, "a": 0x1}),
        (8,): in_bits("A1R5G5B5 packed", 16, {"r": 0x7C00, "g": 0x3E0, "b": 0x1F, "a": 0x8000}),
        (9, 15): plain("R8", "r", "u8"),
        (10,): plain("R8 signed", "r", "s8"),
        (16, 22): plain("R8G8", "rg", "u8"),
        (17,): plain("R8G8 signed", "rg", "s8"),
        (23, 29): plain("R8G8B8", "rgb", "u8"),
        (24,): plain("R8G8B8 signed", "rgb", "s8"),
        (30, 36): plain("B8G8R8", "bgr", "u8"),
        (37, 43, 51, 57): plain("R8G8B8A8", "rgba", "u8"),
        (38, 52): plain("R8G8B8A8 signed", "rgba", "s8"),
        (44, 50): plain("B8G8R8A8", "bgra", "u8"),
        (58,): in_bits("A2R10G10B10 packed", 32, {**_TEN_BITS, "r": _TEN_BITS["b"], "b": _TEN_BITS["r"]}),
        (64,): in_bits("A2B10G10R10 packed", 32, _TEN_BITS),
        (70,): plain("R16", "r", "u16"),
        (71,): plain("R16 signed", "r", "s16"),
        (76,): plain("R16 float", "r", "f16"),
        (77,): plain("R16G16", "rg", "u16"),
        (78,): plain("R16G16 signed", "rg", "s16"),
        (83,): plain("R16G16 float", "rg", "f16"),
        (84,): plain("R16G16B16", "rgb", "u16"),
        (85,): plain("R16G16B16 signed", "rgb", "s16"),
        (90,): plain("R16G16B16 float", "rgb", "f16"),
        (91,): plain("R16G16B16A16", "rgba", "u16"),
        (92,): plain("R16G16B16A16 signed", "rgba", "s16"),
        (97,): plain("R16G16B16A16 float", "rgba", "f16"),
        (100,): plain("R32 float", "r", "f32"),
        (103,): plain("R32G32 float", "rg", "f32"),
        (106,): plain("R32G32B32 float", "rgb", "f32"),
        (109,): plain("R32G32B32A32 float", "rgba", "f32"),
        (122,): packed.R11G11B10,
        (123,): packed.RGB9E5,
        (131, 132): opaque(blocks.BC1),
        (133, 134): blocks.BC1,
        (135, 136): blocks.BC2,
        (137, 138): blocks.BC3,
        (139,): blocks.BC4,
        (140,): blocks.BC4_SIGNED,
        (141,): blocks.BC5,
        (142,): blocks.BC5_SIGNED,
        (143,): blocks.BC6H,
        (144,): BC6H_SIGNED,
        (145, 146): blocks.BC7,
        (147, 148): mobile.ETC2_RGB,
        (149, 150): mobile.ETC2_RGBA1,
        (151, 152): mobile.ETC2_RGBA8,
        (153,): eac.EAC_R,
        (154,): eac.EAC_R_SIGNED,
        (155,): eac.EAC_RG,
        (156,): eac.EAC_RG_SIGNED,
        (1_000_054_000, 1_000_054_004): mobile.PVRTC_RGBA2,
        (1_000_054_001, 1_000_054_005): mobile.PVRTC_RGBA4,
        (1_000_340_000,): in_bits("A4R4G4B4 packed", 16, {"a": 0xF000, "r": 0xF00, "g": 0xF0, "b": 0xF}),
        (1_000_340_001,): in_bits("A4B4G4R4 packed", 16, {"a": 0xF000, "b": 0xF00, "g": 0xF0, "r": 0xF}),
        (1_000_470_001,): plain("A8", "a", "u8"),
    }
    formats = {number: kind for numbers, kind in several.items() for number in numbers}
    for place, sides in enumerate(ASTC_SIDES):
        formats |= dict.fromkeys((_FIRST_ASTC + 2 * place, _FIRST_ASTC + 2 * place + 1), astc(*sides))
        formats[_FIRST_ASTC_HDR + place] = astc(*sides, hdr=True)
    return formats


VULKAN: Final[Mapping[int, TexelFormat]] = _formats()
SRGB: Final = frozenset(
    {15, 22, 29, 36, 43, 50, 57, 132, 134, 136, 138, 146, 148, 150, 152, 1_000_054_004, 1_000_054_005}
    | {_FIRST_ASTC + 2 * place + 1 for place in range(len(ASTC_SIDES))}
)

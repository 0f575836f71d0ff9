"""The formats of DDS files: by their DXGI number, by their four-character code, or by masks of bits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from consumer.imaging.errors import undecodable
from consumer.imaging.files.dds_header import DdsHeader
from consumer.imaging.texels import blocks, packed, video
from consumer.imaging.texels.astc import astc
from consumer.imaging.texels.bc6h_signed import BC6H_SIGNED
from consumer.imaging.texels.packed import packed as in_bits
from consumer.imaging.texels.plain import plain
from consumer.imaging.texels.texel_format import TexelFormat

_ALPHA_PIXELS: Final = 0x1
_ALPHA_ONLY: Final = 0x2
_YUV: Final = 0x200
_LUMINANCE: Final = 0x2_0000
# Bump maps, whose first two channels have a sign: with their brightness beside them, or all with a sign but alpha.
_BUMP_AND_LUMINANCE: Final = 0x4_0000
_SIGNED: Final = 0x8_0000
_MOST_BITS: Final = 32
_WHAT_TO_DO: Final = "save it in a format of docs/formats.md, e.g. BC7 or PNG"

_B5G6R5: Final = in_bits("B5G6R5", 16, {"r": 0xF800, "g": 0x7E0, "b": 0x1F})
_B5G5R5A1: Final = in_bits("B5G5R5A1", 16, {"r": 0x7C00, "g": 0x3E0, "b": 0x1F, "a": 0x8000})
_B4G4R4A4: Final = in_bits("B4G4R4A4", 16, {"r": 0xF00, "g": 0xF0, "b": 0xF, "a": 0xF000})
_A4B4G4R4: Final = in_bits("A4B4G4R4", 16, {"r": 0xF000, "g": 0xF00, "b": 0xF0, "a": 0xF})
_A2B10G10R10: Final = {"r": 0x3FF, "g": 0xFFC00, "b": 0x3FF0_0000, "a": 0xC000_0000}
_R10G10B10A2: Final = in_bits("R10G10B10A2", 32, _A2B10G10R10)
_A2W10V10U10: Final = in_bits("A2W10V10U10", 32, _A2B10G10R10, signed="rgb")
# Direct3D's own writer confused red and blue in this format alone, and so every file of it means the reverse.
_SWAPPED_BY_D3DX: Final = (0x3FF0_0000, 0xF_FC00, 0x3FF, 0xC000_0000)
_ASTC_SIZES: Final = (
    *((4, 4), (5, 4), (5, 5), (6, 5), (6, 6), (8, 5), (8, 6), (8, 8)),
    *((10, 5), (10, 6), (10, 8), (10, 10), (12, 10), (12, 12)),
)
_FIRST_ASTC: Final = 133


def _dxgi() -> dict[int, TexelFormat]:
    wide = {
        (1, 2): plain("R32G32B32A32_FLOAT", "rgba", "f32"),
        (5, 6): plain("R32G32B32_FLOAT", "rgb", "f32"),
        (9, 10): plain("R16G16B16A16_FLOAT", "rgba", "f16"),
        (11, 12): plain("R16G16B16A16_UNORM", "rgba", "u16"),
        (13, 14): plain("R16G16B16A16_SNORM", "rgba", "s16"),
        (15, 16): plain("R32G32_FLOAT", "rg", "f32"),
        (23, 24, 25): _R10G10B10A2,
        (26,): packed.R11G11B10,
        (27, 28, 29, 30): plain("R8G8B8A8_UNORM", "rgba", "u8"),
        (31, 32): plain("R8G8B8A8_SNORM", "rgba", "s8"),
        (33, 34): plain("R16G16_FLOAT", "rg", "f16"),
        (35, 36): plain("R16G16_UNORM", "rg", "u16"),
        (37, 38): plain("R16G16_SNORM", "rg", "s16"),
        (39, 40, 41): plain("R32_FLOAT", "r", "f32"),
        (48, 49, 50): plain("R8G8_UNORM", "rg", "u8"),
        (51, 52): plain("R8G8_SNORM", "rg", "s8"),
        (54,): plain("R16_FLOAT", "r", "f16"),
        (53, 55, 56, 57): plain("R16_UNORM", "r", "u16"),
        (58, 59): plain("R16_SNORM", "r", "s16"),
        (60, 61, 62): plain("R8_UNORM", "r", "u8"),
        (63, 64): plain("R8_SNORM", "r", "s8"),
        (65,): plain("A8_UNORM", "a", "u8"),
        (66,): packed.R1,
        (67,): packed.RGB9E5,
        (68,): video.RGBG,
        (69,): video.GRGB,
        (70, 71, 72): blocks.BC1,
        (73, 74, 75): blocks.BC2,
        (76, 77, 78): blocks.BC3,
        (79, 80): blocks.BC4,
        (81,): blocks.BC4_SIGNED,
        (82, 83): blocks.BC5,
        (84,): blocks.BC5_SIGNED,
        (85,): _B5G6R5,
        (86,): _B5G5R5A1,
        (87, 90, 91): plain("B8G8R8A8_UNORM", "bgra", "u8"),
        (88, 92, 93): plain("B8G8R8X8_UNORM", "bgrx", "u8"),
        (89,): packed.XR_BIAS,
        (94, 95): blocks.BC6H,
        (96,): BC6H_SIGNED,
        (97, 98, 99): blocks.BC7,
        (100,): video.AYUV,
        (101,): video.Y410,
        (102,): video.Y416,
        (103,): video.NV12,
        (104,): video.P010,
        (105,): video.P016,
        (107,): video.YUY2,
        (108,): video.Y210,
        (109,): video.Y216,
        (115,): _B4G4R4A4,
        (191,): _A4B4G4R4,
    }
    by_number = {number: found for numbers, found in wide.items() for number in numbers}
    for place, (width, height) in enumerate(_ASTC_SIZES):
        first = _FIRST_ASTC + 4 * place
        by_number |= dict.fromkeys(range(first, first + 3), astc(width, height))
    return by_number


DXGI: Final[Mapping[int, TexelFormat]] = _dxgi()
SRGB: Final = frozenset({29, 72, 75, 78, 91, 93, 99} | {_FIRST_ASTC + 4 * place + 1 for place in range(14)})
# Of these two the colours are multiplied by their alpha.
PREMULTIPLIED: Final = frozenset({b"DXT2", b"DXT4"})
CODES: Final[Mapping[bytes, TexelFormat]] = {
    b"DXT1": blocks.BC1,
    b"DXT2": blocks.BC2,
    b"DXT3": blocks.BC2,
    b"DXT4": blocks.BC3,
    b"DXT5": blocks.BC3,
    b"RXGB": blocks.BC3,
    b"ATI1": blocks.BC4,
    b"BC4U": blocks.BC4,
    b"BC4S": blocks.BC4_SIGNED,
    b"ATI2": blocks.BC5,
    b"A2XY": blocks.BC5,
    b"BC5U": blocks.BC5,
    b"BC5S": blocks.BC5_SIGNED,
    b"RGBG": video.RGBG,
    b"GRGB": video.GRGB,
    b"UYVY": video.UYVY,
    b"YUY2": video.YUY2,
}
# Direct3D 9's own numbers stand where others have letters.
NUMBERS: Final[Mapping[int, TexelFormat]] = {
    36: DXGI[11],
    110: DXGI[13],
    111: DXGI[54],
    112: DXGI[34],
    113: DXGI[10],
    114: DXGI[41],
    115: DXGI[16],
    116: DXGI[2],
}


def format_of(header: DdsHeader) -> TexelFormat:
    """Return the format of the file's pixels; raises ImageRejectedError for one that is not read."""
    if header.dxgi is not None:
        texels = DXGI.get(header.dxgi)
        if texels is None:
            raise undecodable(f"is a DDS file in DXGI format {header.dxgi}, which is not read: {_WHAT_TO_DO}")
        return texels
    texels = CODES.get(header.fourcc) or NUMBERS.get(header.code)
    if texels is not None:
        return texels
    if header.code and not header.bits:
        name = header.fourcc.decode("latin-1") if header.fourcc.isalnum() else str(header.code)
        raise undecodable(f"is a DDS file in the format {name!r}, which is not read: {_WHAT_TO_DO}")
    return _by_masks(header)


def _by_masks(header: DdsHeader) -> TexelFormat:
    red, green, blue, alpha = header.masks
    if header.bits > _MOST_BITS:
        raise undecodable(f"is a DDS file of {header.bits} bits a pixel, which is not read: {_WHAT_TO_DO}")
    if header.flags & _YUV:
        raise undecodable(f"is a DDS file of YUV colours by masks, which is not read: {_WHAT_TO_DO}")
    signed = _signed_channels(header.flags)
    if header.masks == _SWAPPED_BY_D3DX:
        return _A2W10V10U10 if signed else _R10G10B10A2
    if header.flags & _ALPHA_ONLY:
        masks = {"a": alpha or (1 << header.bits) - 1}
    elif header.flags & _LUMINANCE:
        masks = {"l": red, "a": alpha if header.flags & _ALPHA_PIXELS else 0}
    else:
        # Bump maps of a sign have a fourth channel without the flag that announces it.
        masks = {"r": red, "g": green, "b": blue, "a": alpha if header.flags & (_ALPHA_PIXELS | _SIGNED) else 0}
    try:
        return in_bits(f"{header.bits} bits a pixel", header.bits, masks, signed=signed)
    except ValueError as error:
        raise undecodable(f"is a DDS file of {error}, which is not read: {_WHAT_TO_DO}") from error


def _signed_channels(flags: int) -> str:
    if flags & _BUMP_AND_LUMINANCE:
        return "rg"
    if flags & _SIGNED:
        return "rgb" if flags & _ALPHA_PIXELS else "rgba"
    return ""

"""Godot's imported textures: .ctex of version 4, .stex of version 3."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import Final

from consumer.imaging.errors import undecodable
from consumer.imaging.facts import TextureFacts
from consumer.imaging.picture import ImageLimits, Picture
from consumer.imaging.texels import blocks, eac, mobile, packed
from consumer.imaging.texels.astc import astc
from consumer.imaging.texels.bc6h_signed import BC6H_SIGNED
from consumer.imaging.texels.normals import from_xy
from consumer.imaging.texels.packed import packed as in_bits
from consumer.imaging.texels.plain import plain
from consumer.imaging.texels.texel_format import TexelFormat, with_green_in_alpha
from consumer.imaging.textures.basis import basis_picture
from consumer.imaging.textures.pictures import as_meant

MAGICS: Final = (b"GST2", b"GDST")
_RAW, _PNG, _WEBP, _BASIS = range(4)
_TEXELS_4: Final = struct.Struct("<I2H2I")
_TEXELS_4_AT: Final = 36
_TEXELS_3: Final = struct.Struct("<4H2I")
_FORMAT_BITS: Final = (1 << 20) - 1
_PACKED_3: Final = 3 << 20

_BOTH: Final[Mapping[int, TexelFormat]] = {
    0: plain("L8", "l", "u8"),
    1: plain("LA8", "la", "u8"),
    2: plain("R8", "r", "u8"),
    3: plain("RG8", "rg", "u8"),
    4: plain("RGB8", "rgb", "u8"),
    5: plain("RGBA8", "rgba", "u8"),
    6: in_bits("RGBA4444", 16, {"r": 0xF000, "g": 0xF00, "b": 0xF0, "a": 0xF}),
    7: in_bits("RGB565", 16, {"r": 0xF800, "g": 0x7E0, "b": 0x1F}),
    8: plain("RF", "r", "f32"),
    9: plain("RGF", "rg", "f32"),
    10: plain("RGBF", "rgb", "f32"),
    11: plain("RGBAF", "rgba", "f32"),
    12: plain("RH", "r", "f16"),
    13: plain("RGH", "rg", "f16"),
    14: plain("RGBH", "rgb", "f16"),
    15: plain("RGBAH", "rgba", "f16"),
    16: packed.RGB9E5,
    17: blocks.BC1,
    18: blocks.BC2,
    19: blocks.BC3,
    20: blocks.BC4,
    21: blocks.BC5,
    22: blocks.BC7,
    23: BC6H_SIGNED,
    24: blocks.BC6H,
}
_PHONES: Final = (
    mobile.ETC1,
    *(eac.EAC_R, eac.EAC_R_SIGNED, eac.EAC_RG, eac.EAC_RG_SIGNED),
    *(mobile.ETC2_RGB, mobile.ETC2_RGBA8, mobile.ETC2_RGBA1),
)
# Normal maps on machines without formats of two channels.
_X_AND_Y: Final = (
    with_green_in_alpha(mobile.ETC2_RGBA8, "ETC2 RA as RG"),
    with_green_in_alpha(blocks.BC3, "DXT5 RA as RG"),
)
_ASTC: Final = (astc(4, 4), astc(4, 4, hdr=True), astc(8, 8), astc(8, 8, hdr=True))
# Twice: as parts of one, and as whole numbers.
_SIXTEEN_BITS: Final = tuple(plain(f"{order.upper()}16", order, "u16") for order in ("r", "rg", "rgb", "rgba"))
_PVRTC: Final = (mobile.PVRTC_RGB2, mobile.PVRTC_RGBA2, mobile.PVRTC_RGB4, mobile.PVRTC_RGBA4)
_AFTER_24_IN_4: Final = (*_PHONES, *_X_AND_Y, *_ASTC, *_SIXTEEN_BITS, *_SIXTEEN_BITS)
GODOT_4: Final[Mapping[int, TexelFormat]] = {**_BOTH, **dict(enumerate(_AFTER_24_IN_4, 25))}
GODOT_3: Final[Mapping[int, TexelFormat]] = {**_BOTH, **dict(enumerate((*_PVRTC, *_PHONES), 25))}

Read = Callable[[bytes, ImageLimits], Picture]


def read_godot(data: bytes, limits: ImageLimits, read_image: Read) -> Picture:
    """Decode the file; ``read_image`` reads the PNG or WebP that it may hold. Raises ImageRejectedError."""
    try:
        return _of_4(data, limits, read_image) if data.startswith(MAGICS[0]) else _of_3(data, limits, read_image)
    except struct.error:
        raise undecodable("is cut short: the Godot texture ends within its header") from None


def _of_4(data: bytes, limits: ImageLimits, read_image: Read) -> Picture:
    packing, width, height, _, number = _TEXELS_4.unpack_from(data, _TEXELS_4_AT)
    limits.check_size(width, height)
    at = _TEXELS_4_AT + _TEXELS_4.size
    if packing == _RAW:
        return _texels(data[at:], width, height, GODOT_4.get(number), number)
    (size_bytes,) = struct.unpack_from("<I", data, at)
    inner = data[at + 4 : at + 4 + size_bytes]
    if packing in {_PNG, _WEBP}:
        return read_image(inner, limits)
    if packing == _BASIS:
        # Godot says with four bytes more what it wants the texels to become.
        return basis_picture(inner[4:], 0)
    raise undecodable(f"is a Godot texture packed in way {packing}, which is not read: export it as PNG")


def _of_3(data: bytes, limits: ImageLimits, read_image: Read) -> Picture:
    width, _, height, _, _, layout = _TEXELS_3.unpack_from(data, 4)
    limits.check_size(width, height)
    at = 4 + _TEXELS_3.size
    if not layout & _PACKED_3:
        number = layout & _FORMAT_BITS
        return _texels(data[at:], width, height, GODOT_3.get(number), number)
    _, size_bytes = struct.unpack_from("<2I", data, at)
    # Behind four letters that name the format.
    return read_image(data[at + 12 : at + 8 + size_bytes], limits)


def _texels(data: bytes, width: int, height: int, kind: TexelFormat | None, number: int) -> Picture:
    if kind is None:
        raise undecodable(f"is a Godot texture in format {number}, which is not read: export it as PNG")
    pixels = kind.decode(data, width, height)
    if kind in _X_AND_Y:
        return as_meant(kind, from_xy(pixels[..., 0], pixels[..., 1]), TextureFacts(usage="normal_map"))
    return as_meant(kind, pixels)

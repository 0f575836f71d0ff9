"""VTF, the textures of the Source engine."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from consumer.imaging.errors import undecodable
from consumer.imaging.facts import TextureFacts
from consumer.imaging.layers import Layers
from consumer.imaging.picture import Picture
from consumer.imaging.texels import blocks
from consumer.imaging.texels.packed import packed as in_bits
from consumer.imaging.texels.plain import plain
from consumer.imaging.texels.texel_format import TexelFormat, opaque
from consumer.imaging.textures.pictures import as_meant

MAGIC: Final = b"VTF\0"
_HEADER: Final = struct.Struct("<4sIII2HI2H4x3f4xfIBi2B")
_CUBE: Final = 0x4000
_CLAMPED_ACROSS: Final = 0x4
_SRGB: Final = 0x40
_NORMAL: Final = 0x80
_SIDES: Final = 6
_WITH_DEPTH, _WITH_SPHERE, _WITH_RESOURCES = 2, 5, 3
_NO_FIRST_FRAME: Final = 0xFFFF
_LARGE: Final = b"\x30\0\0"
_PACKED: Final = b"AXC"

FORMATS: Final[Mapping[int, TexelFormat]] = {
    0: plain("RGBA8888", "rgba", "u8"),
    1: plain("ABGR8888", "abgr", "u8"),
    2: plain("RGB888", "rgb", "u8"),
    3: plain("BGR888", "bgr", "u8"),
    4: in_bits("RGB565", 16, {"r": 0x1F, "g": 0x7E0, "b": 0xF800}),
    5: plain("I8", "l", "u8"),
    6: plain("IA88", "la", "u8"),
    8: plain("A8", "a", "u8"),
    # Valve's own code takes its channels in another order than its name says.
    11: plain("ARGB8888", "gbar", "u8"),
    12: plain("BGRA8888", "bgra", "u8"),
    13: opaque(blocks.BC1).named("DXT1"),
    14: blocks.BC2.named("DXT3"),
    15: blocks.BC3.named("DXT5"),
    16: plain("BGRX8888", "bgrx", "u8"),
    17: in_bits("BGR565", 16, {"r": 0xF800, "g": 0x7E0, "b": 0x1F}),
    18: in_bits("BGRX5551", 16, {"r": 0x7C00, "g": 0x3E0, "b": 0x1F}),
    19: in_bits("BGRA4444", 16, {"r": 0xF00, "g": 0xF0, "b": 0xF, "a": 0xF000}),
    20: blocks.BC1.named("DXT1 with alpha"),
    21: in_bits("BGRA5551", 16, {"r": 0x7C00, "g": 0x3E0, "b": 0x1F, "a": 0x8000}),
    22: plain("UV88", "rg", "u8"),
    23: plain("UVWQ8888", "rgba", "u8"),
    24: plain("RGBA16161616F", "rgba", "f16"),
    25: plain("RGBA16161616", "rgba", "u16"),
    26: plain("UVLX8888", "rgbx", "u8"),
    27: plain("R32F", "r", "f32"),
    28: plain("RGB323232F", "rgb", "f32"),
    29: plain("RGBA32323232F", "rgba", "f32"),
    34: blocks.BC5,
    35: blocks.BC4,
    37: blocks.BC5,
    38: blocks.BC4,
    70: blocks.BC7,
    71: blocks.BC6H,
}


@dataclass(frozen=True, slots=True)
class _Header:
    minor: int
    header_bytes: int
    flags: int
    width: int
    height: int
    frames: int
    sides: int
    depth: int
    format: int
    mipmaps: int
    small_width: int
    small_height: int


def vtf_layers(data: bytes) -> Layers:
    """Return what the file holds; raises ImageRejectedError for a header that is cut short."""
    try:
        fields = _HEADER.unpack_from(data)
        minor = fields[2]
        (depth,) = struct.unpack_from("<H", data, _HEADER.size) if minor >= _WITH_DEPTH else (1,)
    except struct.error:
        raise undecodable("is cut short: the VTF file ends within its header") from None
    header_bytes, width, height, flags, frames, first = fields[3:9]
    number, mipmaps, _, *small = fields[13:]
    # Older engines kept a seventh picture beside a cube's sides.
    sphere = minor < _WITH_SPHERE and first != _NO_FIRST_FRAME
    sides = (_SIDES + sphere) if flags & _CUBE else 1
    header = _Header(
        minor, header_bytes, flags, width, height, max(frames, 1), sides, max(depth, 1), number, mipmaps, *small
    )
    count = header.frames * min(sides, _SIDES) * header.depth
    return Layers(width, height, count, sides > 1 and count == _SIDES, partial(_decode, data, header))


def _decode(data: bytes, header: _Header, number: int) -> Picture:
    kind = FORMATS.get(header.format)
    if kind is None:
        raise undecodable(f"is a VTF file in format {header.format}, which is not read: save it as DXT5 or PNG")
    at = _pixels_at(data, header)
    for level in range(1, min(max(header.mipmaps, 1), 32)):
        across, down, deep = (max(side >> level, 1) for side in (header.width, header.height, header.depth))
        at += kind.size_bytes(across, down) * deep * header.frames * header.sides
    frame, rest = divmod(number, min(header.sides, _SIDES) * header.depth)
    picture_bytes = kind.size_bytes(header.width, header.height)
    at += (frame * header.sides * header.depth + rest) * picture_bytes
    pixels = kind.decode(memoryview(data)[at:], header.width, header.height)
    return as_meant(kind, pixels, _said(header.flags), mipmaps=header.mipmaps)


def _said(flags: int) -> TextureFacts:
    return TextureFacts(
        usage="normal_map" if flags & _NORMAL else None,
        color_space="srgb" if flags & _SRGB else None,
        wrap="clamp" if flags & _CLAMPED_ACROSS else "repeat",
    )


def _pixels_at(data: bytes, header: _Header) -> int:
    """Return where the smallest mipmap begins."""
    if header.minor < _WITH_RESOURCES:
        small = blocks.BC1.size_bytes(header.small_width, header.small_height)
        return header.header_bytes + (small if header.small_width and header.small_height else 0)
    (count,) = struct.unpack_from("<I", data, 68)
    entries = np.frombuffer(data, np.uint8, offset=80)[: min(count, 32) * 8].tobytes()
    places = {entry[:3]: entry[4:] for entry in (entries[at : at + 8] for at in range(0, len(entries), 8))}
    if _PACKED in places:
        raise undecodable("is a VTF file packed by Strata Source, which is not read: save it unpacked")
    if _LARGE not in places:
        raise undecodable("is damaged: the VTF file names no place of its picture")
    return int.from_bytes(places[_LARGE], "little")

"""KTX files, the texture container of Khronos for OpenGL, of its first version."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from consumer.imaging.errors import undecodable
from consumer.imaging.facts import TextureFacts
from consumer.imaging.layers import Layers
from consumer.imaging.picture import Picture
from consumer.imaging.texels.texel_format import TexelFormat
from consumer.imaging.textures.gl_formats import SRGB, gl_format
from consumer.imaging.textures.khronos import KhronosHeader
from consumer.imaging.textures.pictures import as_meant

MAGIC: Final = b"\xabKTX 11\xbb\r\n\x1a\n"
_OTHER_ORDER: Final = 0x0102_0304
_HEADER: Final = struct.Struct("<13I")
_HEADER_OF_OTHER_ORDER: Final = struct.Struct(">13I")
_UP: Final = b"T=u"
_SWAPPED_BYTES: Final = (2, 4)


@dataclass(frozen=True, slots=True)
class _Header(KhronosHeader):
    order: int
    number: int
    number_bytes: int
    channels: int
    internal: int
    base: int
    width: int
    height: int
    depth: int
    layers: int
    sides: int
    mipmaps: int
    metadata_bytes: int


def ktx_layers(data: bytes) -> Layers:
    """Return what the file holds; raises ImageRejectedError for a header that is cut short."""
    try:
        fields = _HEADER.unpack_from(data, len(MAGIC))
        if fields[0] == _OTHER_ORDER:
            fields = (_OTHER_ORDER, *_HEADER_OF_OTHER_ORDER.unpack_from(data, len(MAGIC))[1:])
        header = _Header(*fields)
    except struct.error:
        raise undecodable("is cut short: the KTX file ends within its header") from None
    return header.pictures(partial(_decode, data, header))


def _decode(data: bytes, header: _Header, number: int) -> Picture:
    kind = gl_format(header.internal, header.channels, header.number)
    if kind is None:
        raise undecodable(
            f"is a KTX file in OpenGL's format {header.internal:#x}, which is not read: save it in a format of "
            "docs/formats.md, e.g. BC7 or PNG"
        )
    height = header.rows
    metadata_at = len(MAGIC) + _HEADER.size
    # Behind the size of the level, which is that of one side for a cube map.
    at = metadata_at + header.metadata_bytes + 4
    picture_bytes = _padded_bytes(kind, header, height) if header.channels else kind.size_bytes(header.width, height)
    at += number * picture_bytes
    texels = memoryview(data)[at : at + picture_bytes]
    if header.channels:
        texels = memoryview(_without_padding(texels, kind.size_bytes(header.width, 1), height, picture_bytes))
        if header.order == _OTHER_ORDER and header.number_bytes in _SWAPPED_BYTES:
            texels = memoryview(np.frombuffer(texels, f"u{header.number_bytes}").byteswap().tobytes())
    upside_down = _UP in data[metadata_at : metadata_at + header.metadata_bytes]
    said = TextureFacts(color_space="srgb" if header.internal in SRGB else None)
    pixels = kind.decode(texels, header.width, height)
    return as_meant(kind, pixels, said, upside_down=upside_down, mipmaps=header.mipmaps)


def _padded_bytes(kind: TexelFormat, header: _Header, height: int) -> int:
    """Return the size of a picture whose rows begin at multiples of four bytes."""
    return -(-kind.size_bytes(header.width, 1) // 4) * 4 * height


def _without_padding(texels: memoryview, row_bytes: int, height: int, picture_bytes: int) -> bytes:
    if len(texels) < picture_bytes:
        raise undecodable("is cut short: the KTX file has fewer pixels than its header says")
    return np.frombuffer(texels, np.uint8).reshape(height, -1)[:, :row_bytes].tobytes()

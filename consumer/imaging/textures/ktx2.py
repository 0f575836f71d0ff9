"""KTX2 files: texels as Vulkan names them, packed by Zstandard or zlib, or Basis Universal."""

from __future__ import annotations

import struct
import sys
import zlib
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import numpy as np

from consumer.imaging.errors import undecodable
from consumer.imaging.facts import TextureFacts, mip_count
from consumer.imaging.layers import Layers
from consumer.imaging.picture import Picture, Samples, in_colour
from consumer.imaging.texels.alpha import straight
from consumer.imaging.textures.basis import basis_picture
from consumer.imaging.textures.khronos import KhronosHeader
from consumer.imaging.textures.pictures import as_meant
from consumer.imaging.textures.vk_formats import SRGB, VULKAN

MAGIC: Final = b"\xabKTX 20\xbb\r\n\x1a\n"
_HEADER: Final = struct.Struct("<13I2Q3Q")
_NOT_PACKED, _BASIS_LZ, _ZSTANDARD, _ZLIB = 0, 1, 2, 3
_UNDEFINED: Final = 0
# In the basic description, behind its own size.
_TRANSFER_AT, _FLAGS_AT = 14, 15
_LINEAR_TRANSFER, _SRGB_TRANSFER = 1, 2
_PREMULTIPLIED: Final = 1
_ORIENTATION, _SWIZZLE = b"KTXorientation\0", b"KTXswizzle\0"


@dataclass(frozen=True, slots=True)
class _Header(KhronosHeader):
    format: int
    number_bytes: int
    width: int
    height: int
    depth: int
    layers: int
    sides: int
    mipmaps: int
    packing: int
    description_at: int
    description_bytes: int
    values_at: int
    values_bytes: int
    global_at: int
    global_bytes: int
    level_at: int
    level_bytes: int
    unpacked_bytes: int


def ktx2_layers(data: bytes) -> Layers:
    """Return what the file holds; raises ImageRejectedError for a header that is cut short."""
    try:
        header = _Header(*_HEADER.unpack_from(data, len(MAGIC)))
    except struct.error:
        raise undecodable("is cut short: the KTX2 file ends within its header") from None
    return header.pictures(partial(_decode, data, header), header.unpacked_bytes)


def _decode(data: bytes, header: _Header, number: int) -> Picture:
    if header.format == _UNDEFINED or header.packing == _BASIS_LZ:
        return _straight(replace(basis_picture(data, number), facts=_said(data, header)), data, header)
    kind = VULKAN.get(header.format)
    if kind is None:
        raise undecodable(
            f"is a KTX2 file in Vulkan's format {header.format}, which is not read: save it in a format of "
            "docs/formats.md, e.g. BC7 or PNG"
        )
    height = header.rows
    texels = _level(data, header)
    picture_bytes = kind.size_bytes(header.width, height)
    pixels = kind.decode(texels[number * picture_bytes :], header.width, height)
    upside_down = _value(data, header, _ORIENTATION)[1:2] == b"u"
    picture = as_meant(kind, pixels, _said(data, header), upside_down=upside_down, mipmaps=header.mipmaps)
    picture = _straight(picture, data, header)
    swizzle = _value(data, header, _SWIZZLE).decode("latin-1")
    if len(swizzle) != 4 or swizzle == "rgba" or set(swizzle) - set("rgba01"):
        return picture
    return _swizzled(picture, swizzle)


def _description(data: bytes, header: _Header, at: int) -> int:
    """Return a byte of the basic description of the texels, 0 where there is none."""
    basic = data[header.description_at : header.description_at + header.description_bytes]
    return basic[at] if len(basic) > at else 0


def _said(data: bytes, header: _Header) -> TextureFacts:
    transfer = _description(data, header, _TRANSFER_AT)
    color_space = "srgb" if header.format in SRGB or transfer == _SRGB_TRANSFER else None
    return TextureFacts(
        color_space="linear" if transfer == _LINEAR_TRANSFER else color_space, mip_count=mip_count(header.mipmaps)
    )


def _straight(picture: Picture, data: bytes, header: _Header) -> Picture:
    """Undo what the description says of colours: that they are multiplied by their alpha."""
    is_multiplied = _description(data, header, _FLAGS_AT) & _PREMULTIPLIED
    if not is_multiplied or picture.pixels.shape[2] != 4:
        return picture
    return replace(picture, pixels=straight(picture.pixels))


def _level(data: bytes, header: _Header) -> memoryview:
    """Return the texels of the largest mipmap."""
    stored = memoryview(data)[header.level_at : header.level_at + header.level_bytes]
    if header.packing == _NOT_PACKED:
        return stored
    most_bytes = header.unpacked_bytes
    try:
        if header.packing == _ZLIB:
            return memoryview(zlib.decompressobj().decompress(stored, most_bytes))
        if header.packing == _ZSTANDARD:
            return memoryview(_zstandard().ZstdDecompressor().decompress(stored, most_bytes))
    except ImportError:
        raise undecodable("is packed by Zstandard, which needs: pip install 'aegis-tagger[extract]'") from None
    raise undecodable(f"is a KTX2 file packed in way {header.packing}, which is not read: save it unpacked")


def _zstandard() -> Any:
    if sys.version_info >= (3, 14):
        from compression import zstd  # noqa: PLC0415 - not in older Pythons
    else:
        from backports import zstd  # noqa: PLC0415 - an extra
    return zstd


def _value(data: bytes, header: _Header, key: bytes) -> bytes:
    """Return what the file's own metadata say of this key, empty for nothing."""
    values = data[header.values_at : header.values_at + header.values_bytes]
    at = values.find(key)
    return values[at + len(key) :].split(b"\0", 1)[0] if at >= 4 else b""


def _swizzled(picture: Picture, swizzle: str) -> Picture:
    """Return the picture with its channels where whoever made it wants them; equal ones are grey."""
    pixels = in_colour(picture).pixels
    height, width = pixels.shape[:2]
    planes: dict[str, Samples] = {
        name: np.full((height, width), level, np.uint8) for name, level in (("0", 0), ("1", 255), ("a", 255))
    }
    planes |= {name: pixels[..., place] for place, name in enumerate("rgba"[: pixels.shape[2]])}
    wanted = swizzle[:3] if swizzle[3] == "1" else swizzle
    if len(set(swizzle[:3])) == 1:
        wanted = wanted[2:]
    mode = ("L", "LA", "RGB", "RGBA")[len(wanted) - 1]
    return Picture(np.stack([planes[name] for name in wanted], axis=-1), mode, facts=picture.facts)

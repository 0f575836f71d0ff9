"""BLP files, the textures of Warcraft III and World of Warcraft: palettes, DXT, plain texels, and JPEG.

Pillow cuts DXT's ends to 5 and 6 bits, and takes the alpha of palettes from where none is.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import JpegImagePlugin

from consumer.imaging.errors import undecodable
from consumer.imaging.picture import ImageLimits, Picture, Samples
from consumer.imaging.texels import blocks
from consumer.imaging.texels.plain import plain
from consumer.imaging.texels.texel_format import TexelFormat, opaque

MAGICS: Final = (b"BLP1", b"BLP2")
_OLDER: Final = struct.Struct("<4s6I16I16I")
_NEWER: Final = struct.Struct("<4sI4B2I16I16I")
_JPEG, _PALETTE, _BLOCKS, _PLAIN = range(4)
_PALETTE_BYTES: Final = 1024
_INDICES_ALONE: Final = 5
_ALPHA_BITS: Final = frozenset({0, 1, 4, 8})
_BY_ALPHA: Final = {0: blocks.BC1, 1: blocks.BC2, 7: blocks.BC3}
_BGRA: Final = plain("BGRA8888", "bgra", "u8")


@dataclass(frozen=True, slots=True)
class _Header:
    packing: int
    alpha_bits: int
    alpha_kind: int
    width: int
    height: int
    at: int
    size_bytes: int
    end: int


def read_blp(data: bytes, limits: ImageLimits) -> Picture:
    """Decode the largest picture of the file; raises ImageRejectedError."""
    try:
        header = _header(data)
    except struct.error:
        raise undecodable("is cut short: the BLP file ends within its header") from None
    limits.check_size(header.width, header.height)
    texels = data[header.at : header.at + header.size_bytes]
    if header.packing == _JPEG:
        return _jpeg(data[header.end : _jpeg_head_end(data, header)] + texels, header)
    if header.packing == _PALETTE:
        return _in_palette(texels, data[header.end : header.end + _PALETTE_BYTES], header)
    kind = _texels(header)
    if kind is None:
        raise undecodable("is a BLP file packed in a way that is not read: save it as PNG")
    return Picture(kind.decode(texels, header.width, header.height), kind.mode)


def _header(data: bytes) -> _Header:
    if data.startswith(MAGICS[0]):
        _, packing, alpha_bits, width, height, kind, _, *places = _OLDER.unpack_from(data)
        if packing == _PALETTE and kind == _INDICES_ALONE:
            alpha_bits = 0
        return _Header(packing, alpha_bits, 0, width, height, places[0], places[16], _OLDER.size)
    _, kind, packing, alpha_bits, alpha_kind, _, width, height, *places = _NEWER.unpack_from(data)
    return _Header(
        packing if kind else _JPEG, alpha_bits, alpha_kind, width, height, places[0], places[16], _NEWER.size
    )


def _texels(header: _Header) -> TexelFormat | None:
    kind = {_BLOCKS: _BY_ALPHA.get(header.alpha_kind), _PLAIN: _BGRA}.get(header.packing)
    return kind if header.alpha_bits or kind is None else opaque(kind)


def _in_palette(texels: bytes, palette: bytes, header: _Header) -> Picture:
    count, bits = header.width * header.height, header.alpha_bits
    if bits not in _ALPHA_BITS:
        raise undecodable(f"is damaged: a BLP file with {bits} bits of alpha")
    values = np.frombuffer(texels, np.uint8)
    if values.size < count + -(-count * bits // 8) or len(palette) < _PALETTE_BYTES:
        raise undecodable("is cut short: the BLP file has fewer pixels than its header says")
    colours = np.frombuffer(palette, np.uint8).reshape(256, 4)[:, 2::-1]
    pixels: Samples = colours[values[:count]]
    if bits:
        unpacked = np.unpackbits(values[count : count + -(-count * bits // 8)], bitorder="little")
        places = unpacked[: count * bits].reshape(count, bits).astype(np.uint16) @ (
            1 << np.arange(bits, dtype=np.uint16)
        )
        pixels = np.column_stack([pixels, (places * 255 // ((1 << bits) - 1)).astype(np.uint8)])
    return Picture(np.ascontiguousarray(pixels.reshape(header.height, header.width, -1)), "P")


def _jpeg_head_end(data: bytes, header: _Header) -> int:
    """Return where the beginning of each JPEG ends, which all sizes of the picture have in common."""
    (size_bytes,) = struct.unpack_from("<I", data.ljust(header.end + 4, b"\0"), header.end)
    return header.end + 4 + int(size_bytes)


def _jpeg(data: bytes, header: _Header) -> Picture:
    """Decode a JPEG of four channels that are no ink, but blue, green, red and alpha."""
    with JpegImagePlugin.JpegImageFile(io.BytesIO(data[4:])) as image:
        if image.mode in {"L", "RGB"}:
            # Some programs write blue, green and red there, some what JPEG has for colours, and no file says which.
            raise undecodable(f"is a BLP file with a JPEG of {len(image.getbands())} channels, not 4: save it as PNG")
        if image.size != (header.width, header.height) or image.mode != "CMYK":
            raise undecodable("is a BLP file with a JPEG of another kind than the game writes: save it as PNG")
        # Pillow would turn ink round.
        image.tile = [tile._replace(args=("CMYK", "")) for tile in image.tile]
        values = np.asarray(image)
    wanted = [2, 1, 0, 3] if header.alpha_bits else [2, 1, 0]
    return Picture(np.ascontiguousarray(values[..., wanted]), "RGBA" if header.alpha_bits else "RGB")

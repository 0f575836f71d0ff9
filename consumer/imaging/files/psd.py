"""Photoshop files, .psd and .psb: the flattened picture that they hold beside their layers."""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from PIL import Image

from consumer.imaging.errors import undecodable
from consumer.imaging.picture import ImageLimits, Picture, Samples, to_eight_bits
from consumer.imaging.texels.alpha import without_white

MAGIC: Final = b"8BPS"
_HEADER: Final = struct.Struct(">4sH6xHIIHH")
_LARGE: Final = 2
_RAW, _PACK_BITS = 0, 1
_BITMAP, _GREY, _INDEXED, _RGB, _CMYK, _MULTICHANNEL, _DUOTONE, _LAB = 0, 1, 2, 3, 4, 7, 8, 9
# Channels of the picture itself; what comes behind them is alpha, first of all.
_COLOURS: Final = {_BITMAP: 1, _GREY: 1, _INDEXED: 1, _RGB: 3, _CMYK: 4, _MULTICHANNEL: 1, _DUOTONE: 1, _LAB: 3}
_WITH_ALPHA: Final = frozenset({_GREY, _RGB})
_MODES: Final = {_BITMAP: "1", _INDEXED: "P", _CMYK: "CMYK", _LAB: "LAB"}
# Photoshop says so that the flattened picture is transparent, with a negative count of layers or with one of these.
_TRANSPARENT: Final = (b"8BIMMtrn", b"8BIMMt16")
_WHAT_TO_DO: Final = "save it as PSD of 8 or 16 bits a channel, or as PNG"


@dataclass(frozen=True, slots=True)
class _Header:
    large: bool
    channels: int
    height: int
    width: int
    depth: int
    colours: int

    @property
    def row_bytes(self) -> int:
        return -(-self.width * self.depth // 8)


def read_psd(data: bytes, limits: ImageLimits) -> Picture:
    """Decode the file; raises ImageRejectedError."""
    try:
        _, version, *rest = _HEADER.unpack_from(data)
        header = _Header(version == _LARGE, *rest)
        limits.check_size(header.width, header.height)
        _check(header)
        palette, picture_at, is_on_white = _sections(data, header)
        picture = _picture(_planes(data[picture_at:], header), palette, header)
        # Of alpha that somebody saved beside a picture Photoshop makes no use: it blends with layers' own alone.
        return replace(picture, pixels=without_white(picture.pixels)) if is_on_white else picture
    except (struct.error, IndexError):
        raise undecodable("is cut short: the PSD file ends before its picture") from None


def _check(header: _Header) -> None:
    if header.colours not in _COLOURS or header.depth not in {1, 8, 16} or (header.depth == 1) != (not header.colours):
        raise undecodable(
            f"is a PSD file of {header.depth} bits a channel in colour mode {header.colours}, which is not read: "
            f"{_WHAT_TO_DO}"
        )
    if header.channels < _COLOURS[header.colours]:
        raise undecodable(f"is damaged: its PSD header speaks of {header.channels} channels")


def _sections(data: bytes, header: _Header) -> tuple[bytes, int, bool]:
    """Return the palette, where the picture begins, and whether it was blended with white.

    The picture comes behind palette, resources and layers.
    """
    at = _HEADER.size
    (palette_bytes,) = struct.unpack_from(">I", data, at)
    palette = data[at + 4 : at + 4 + palette_bytes]
    at += 4 + palette_bytes
    (resource_bytes,) = struct.unpack_from(">I", data, at)
    at += 4 + resource_bytes
    size = struct.Struct(">Q" if header.large else ">I")
    (layer_bytes,) = size.unpack_from(data, at)
    at += size.size
    return palette, at + layer_bytes, _is_on_white(data[at : at + layer_bytes], size)


def _is_on_white(layers: bytes, size: struct.Struct) -> bool:
    if len(layers) < size.size + 2:
        return False
    (stated_bytes,) = size.unpack_from(layers)
    (count,) = struct.unpack_from(">h", layers, size.size)
    return bool(stated_bytes and count < 0) or any(mark in layers for mark in _TRANSPARENT)


def _planes(data: bytes, header: _Header) -> Samples:
    """Return the colours, and the channel behind them, as [channels, H, W] of 8 or 16 bits."""
    (packing,) = struct.unpack_from(">H", data)
    needed = min(header.channels, _COLOURS[header.colours] + 1)
    rows = needed * header.height
    if packing == _PACK_BITS:
        counts_bytes = header.channels * header.height * (4 if header.large else 2)
        unpacked = _unpacked(data[2 + counts_bytes :], header.row_bytes, rows)
    elif packing == _RAW:
        unpacked = data[2 : 2 + rows * header.row_bytes]
    else:
        raise undecodable(f"is a PSD file whose picture is packed in way {packing}, which is not read: {_WHAT_TO_DO}")
    if len(unpacked) < rows * header.row_bytes:
        raise undecodable("is cut short: the PSD file ends within its picture")
    values = np.frombuffer(unpacked, np.uint8)[: rows * header.row_bytes]
    if header.depth == 16:
        return values.view(">u2").reshape(needed, header.height, header.width)
    planes = values.reshape(needed, header.height, header.row_bytes)
    if header.depth == 1:
        return (1 - np.unpackbits(planes, axis=2)[..., : header.width]) * np.uint8(255)
    return planes


def _unpacked(data: bytes, row_bytes: int, rows: int) -> bytes:
    try:
        return Image.frombytes("L", (row_bytes, rows), data, "packbits", "L").tobytes()
    except ValueError:
        raise undecodable("is cut short or damaged: the rows of the PSD file do not unpack") from None


def _picture(planes: Samples, palette: bytes, header: _Header) -> Picture:
    colours = _COLOURS[header.colours]
    if header.depth == 16 and not (colours == 1 and header.channels == 1):
        planes = to_eight_bits(planes)
    if header.colours == _INDEXED:
        levels = np.frombuffer(palette.ljust(768, b"\0"), np.uint8, 768).reshape(3, 256)
        return Picture(np.ascontiguousarray(levels.T[planes[0]]), "P")
    if header.colours in {_CMYK, _LAB}:
        mode = _MODES[header.colours]
        # Photoshop counts ink from full to none.
        counted = 255 - planes[:4] if mode == "CMYK" else planes[:3]
        image = Image.merge(mode, [Image.fromarray(plane) for plane in np.ascontiguousarray(counted)])
        return Picture(np.asarray(image.convert("RGB")), mode)
    bands = colours + (header.colours in _WITH_ALPHA and header.channels > colours)
    pixels = np.ascontiguousarray(np.moveaxis(planes[:bands], 0, -1))
    if pixels.dtype != np.uint8:
        return Picture(pixels.astype(np.uint16), "I;16")
    return Picture(pixels, _MODES.get(header.colours, ("L", "LA", "RGB", "RGBA")[bands - 1]))

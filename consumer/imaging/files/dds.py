"""DDS files: the largest picture of each side, layer and slice."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from consumer.imaging.errors import ImageRejectedError, undecodable
from consumer.imaging.facts import TextureFacts
from consumer.imaging.files.dds_formats import PREMULTIPLIED, SRGB, format_of
from consumer.imaging.files.dds_header import DdsHeader, read_header
from consumer.imaging.layers import Layers
from consumer.imaging.picture import Picture, Samples
from consumer.imaging.texels import blocks
from consumer.imaging.texels.alpha import straight
from consumer.imaging.texels.normals import from_xy
from consumer.imaging.texels.texel_format import TexelFormat

_NORMAL: Final = 0x8000_0000
_PALETTE: Final = 0x20
_PALETTE_BYTES: Final = 1024
_PREMULTIPLIED: Final = 2
_OPAQUE: Final = 3
_SIDES: Final = 6


def dds_layers(data: bytes, size_bytes: int) -> Layers:
    """Return what the file holds; raises ImageRejectedError for a header that is cut short."""
    header = _without_sides_counted_twice(read_header(data), size_bytes)

    def decode(number: int) -> Picture:
        if header.flags & _PALETTE and header.dxgi is None and header.bits == 8:
            if number:
                raise undecodable("is one of several pictures with a palette, which DDS files are not known to have")
            return Picture(_in_palette(data, header), "P")
        kind = format_of(header)
        texels = _without_padding(memoryview(data)[header.data_at :], header, kind)
        picture = _side(texels[_offset(number, header, kind) :], header, kind)
        return replace(picture, facts=_facts(header, kind))

    return Layers(header.width, header.height, header.pictures, header.faces == _SIDES, decode)


def _without_sides_counted_twice(header: DdsHeader, size_bytes: int) -> DdsHeader:
    """Undo what some writers do: their array size counts each side of a cube, where it means whole cubes."""
    if header.faces != _SIDES or header.layers % _SIDES:
        return header
    try:
        needed = _offset(header.pictures, header, format_of(header))
    except ImageRejectedError:
        return header
    return header if header.data_at + needed <= size_bytes else replace(header, layers=header.layers // _SIDES)


def _without_padding(texels: memoryview, header: DdsHeader, kind: TexelFormat) -> memoryview:
    """Return the rows of the only picture of a file without the bytes between them.

    The header alone cannot be trusted: that there are rows of such a length, and nothing else, is what tells.
    """
    row_bytes = kind.size_bytes(header.width, 1)
    is_in_rows = row_bytes * header.height == kind.size_bytes(header.width, header.height)
    if not is_in_rows or header.pitch <= row_bytes or len(texels) != header.pitch * header.height:
        return texels
    return memoryview(np.frombuffer(texels, np.uint8).reshape(header.height, -1)[:, :row_bytes].tobytes())


def _facts(header: DdsHeader, kind: TexelFormat) -> TextureFacts:
    is_normal = kind in {blocks.BC5, blocks.BC5_SIGNED} or bool(header.flags & _NORMAL) or header.fourcc == b"RXGB"
    usage = "normal_map" if is_normal else "single_channel" if kind.mode in {"L", "I;16"} else None
    return TextureFacts(
        format=kind.name,
        usage=usage,
        color_space="srgb" if header.dxgi in SRGB else None,
        mip_count=header.mipmaps,
    )


def _offset(number: int, header: DdsHeader, kind: TexelFormat) -> int:
    """Return where a picture begins: slices of a volume follow each other, sides and layers have their mipmaps."""
    layer, piece = divmod(number, header.depth)
    sizes = [
        kind.size_bytes(max(header.width >> level, 1), max(header.height >> level, 1)) * max(header.depth >> level, 1)
        for level in range(header.mipmaps)
    ]
    return layer * sum(sizes) + piece * (sizes[0] // header.depth)


def _side(data: memoryview, header: DdsHeader, kind: TexelFormat) -> Picture:
    """Return the picture at the beginning of the data, as what the header says that it is."""
    pixels = kind.decode(data, header.width, header.height)
    if kind in {blocks.BC5, blocks.BC5_SIGNED}:
        return Picture(from_xy(pixels[..., 0], pixels[..., 1]), "RGB")
    if kind is blocks.BC3 and header.fourcc == b"RXGB":
        return Picture(np.ascontiguousarray(pixels[..., [3, 1, 2]]), "RGB")
    if kind is blocks.BC3 and header.flags & _NORMAL:
        return Picture(from_xy(pixels[..., 3], pixels[..., 1]), "RGB")
    if pixels.shape[2] == 4:
        if header.alpha_mode == _OPAQUE:
            return Picture(np.ascontiguousarray(pixels[..., :3]), "RGB")
        if header.alpha_mode == _PREMULTIPLIED or header.fourcc in PREMULTIPLIED:
            return Picture(straight(pixels), "RGBA")
    return Picture(pixels, kind.mode)


def _in_palette(data: bytes, header: DdsHeader) -> Samples:
    start = header.data_at + _PALETTE_BYTES
    indices = np.frombuffer(data, np.uint8, offset=min(start, len(data)))[: header.width * header.height]
    if indices.size < header.width * header.height:
        raise undecodable("is cut short: the DDS file has fewer pixels than its header says")
    palette = np.frombuffer(data, np.uint8, _PALETTE_BYTES, header.data_at).reshape(256, 4)
    return palette[indices.reshape(header.height, header.width)]

"""TGA files, of any age: runs that go on into the next row, alpha that means nothing, colour maps with alpha."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image

from consumer.imaging.errors import undecodable
from consumer.imaging.picture import ImageLimits, Picture, Samples
from consumer.imaging.texels.alpha import straight
from consumer.imaging.texels.packed import packed
from consumer.imaging.texels.plain import plain

_HEADER: Final = struct.Struct("<BBBHHBHHHHBB")
_MAPPED, _COLOUR, _GREY = 1, 2, 3
_RUN_LENGTHS: Final = 8
_FROM_THE_RIGHT: Final = 0x10
_FROM_THE_TOP: Final = 0x20
# Each second or fourth row of a picture that is shown while it comes in follows the other, by the age-old header.
_INTERLEAVED: Final = {0x40: 2, 0x80: 4}
_ANY_INTERLEAVED: Final = 0xC0
_ALPHA_BITS: Final = 0xF
_DEPTHS: Final = {_MAPPED: {8, 16}, _COLOUR: {15, 16, 24, 32}, _GREY: {8, 16}}
_COLOURS: Final = {
    15: packed("X1R5G5B5", 16, {"r": 0x7C00, "g": 0x3E0, "b": 0x1F}),
    16: packed("A1R5G5B5", 16, {"r": 0x7C00, "g": 0x3E0, "b": 0x1F, "a": 0x8000}),
    24: plain("B8G8R8", "bgr", "u8"),
    32: plain("B8G8R8A8", "bgra", "u8"),
}
_GREYS: Final = {8: plain("L8", "l", "u8"), 16: plain("L8A8", "la", "u8")}
_FOOTER: Final = b"TRUEVISION-XFILE.\0"
# What the footer's extension says of the alpha; 1 and 2 are that it was never defined.
_NONE: Final = 0
_UNDEFINED: Final = frozenset({1, 2})
_PREMULTIPLIED: Final = 4


@dataclass(frozen=True, slots=True)
class TgaHeader:
    """``kind`` is 1 for a colour map, 2 for colour, 3 for grey; a colour map of no colours means that there is none."""

    kind: int
    run_lengths: bool
    width: int
    height: int
    depth: int
    descriptor: int
    map_start: int
    map_length: int
    map_depth: int
    map_at: int

    @property
    def data_at(self) -> int:
        return self.map_at + self.map_length * (-(-self.map_depth // 8))


def tga_header(data: bytes) -> TgaHeader | None:
    """Return the header, None where these bytes cannot be one: a TGA file has no mark at its beginning."""
    if len(data) < _HEADER.size:
        return None
    id_length, mapped, kind, start, length, map_depth, _, _, width, height, depth, descriptor = _HEADER.unpack_from(
        data
    )
    plain_kind = kind & ~_RUN_LENGTHS
    if mapped > 1 or plain_kind not in _DEPTHS or depth not in _DEPTHS[plain_kind] or not width or not height:
        return None
    if plain_kind == _MAPPED and (not mapped or map_depth not in _COLOURS or not length):
        return None
    return TgaHeader(
        kind=plain_kind,
        run_lengths=bool(kind & _RUN_LENGTHS),
        width=width,
        height=height,
        depth=depth,
        descriptor=descriptor,
        map_start=start,
        map_length=length if mapped else 0,
        map_depth=map_depth,
        map_at=_HEADER.size + id_length,
    )


def read_tga(data: bytes, header: TgaHeader, limits: ImageLimits) -> Picture:
    """Decode the file; raises ImageRejectedError."""
    limits.check_size(header.width, header.height)
    texels = _texels(data, header)
    if header.kind == _MAPPED:
        pixels = _in_palette(data, header, texels)
    else:
        stored = (_GREYS if header.kind == _GREY else _COLOURS)[header.depth]
        pixels = stored.decode(texels, header.width, header.height)
    pixels = _in_order(_with_meant_alpha(pixels, data, header), header.descriptor & _ANY_INTERLEAVED)
    if not header.descriptor & _FROM_THE_TOP:
        pixels = pixels[::-1]
    if header.descriptor & _FROM_THE_RIGHT:
        pixels = pixels[:, ::-1]
    mode = "P" if header.kind == _MAPPED else ("L", "LA", "RGB", "RGBA")[pixels.shape[2] - 1]
    return Picture(np.ascontiguousarray(pixels), mode)


def _in_order(pixels: Samples, interleaved: int) -> Samples:
    """Return the rows one after the other; raises ImageRejectedError where nobody knows in which order they are."""
    if not interleaved:
        return pixels
    step = _INTERLEAVED.get(interleaved)
    if step is None:
        raise undecodable("is a TGA file of rows in an order that the format does not know: save it as PNG")
    rows = np.empty_like(pixels)
    rows[np.concatenate([np.arange(first, len(pixels), step) for first in range(step)])] = pixels
    return rows


def _texels(data: bytes, header: TgaHeader) -> bytes:
    """Return the bytes of all pixels, runs written out.

    Old writers let a run go on into the next row, which Pillow refuses: to it the picture is one row.
    """
    count, texel_bytes = header.width * header.height, -(-header.depth // 8)
    packed_texels = data[header.data_at :]
    if not header.run_lengths:
        if len(packed_texels) < count * texel_bytes:
            raise undecodable("is cut short: the TGA file has fewer pixels than its header says")
        return packed_texels[: count * texel_bytes]
    mode, raw = {1: ("L", "L"), 2: ("LA", "LA"), 3: ("RGB", "RGB"), 4: ("RGBA", "RGBA")}[texel_bytes]
    try:
        row = Image.frombytes(mode, (count, 1), packed_texels, "tga_rle", (raw, 1, 8 * texel_bytes))
    except ValueError:
        raise undecodable("is damaged: the runs of the TGA file do not make up its pixels") from None
    return row.tobytes()


def _in_palette(data: bytes, header: TgaHeader, texels: bytes) -> Samples:
    stored = _COLOURS[header.map_depth]
    colours = stored.decode(data[header.map_at : header.data_at], header.map_length, 1)[0]
    places = np.frombuffer(texels, "u1" if header.depth == 8 else "<u2").astype(np.int64) - header.map_start
    if places.min() < 0 or places.max() >= header.map_length:
        raise undecodable("is damaged: pixels of the TGA file name colours that its colour map does not have")
    picture: Samples = colours[places].reshape(header.height, header.width, -1)
    return picture


def _with_meant_alpha(pixels: Samples, data: bytes, header: TgaHeader) -> Samples:
    """Return the pixels without an alpha that is declared void, or that would hide the whole picture.

    Writers of 32 bits often announce no alpha and have one; of 16 bits, the upper one is rubbish then. Paint Shop Pro
    says in every extension that there is none, and in the header that there are 8 bits: the header is right.
    """
    bands = pixels.shape[2]
    if bands not in {2, 4}:
        return pixels
    said = _said_of_alpha(data)
    announced = header.descriptor & _ALPHA_BITS
    void = said in _UNDEFINED or (not announced and (said == _NONE or (header.kind, header.depth) == (_COLOUR, 16)))
    if void or not pixels[..., -1].any():
        return pixels[..., : bands - 1]
    return straight(pixels) if said == _PREMULTIPLIED and bands == 4 else pixels


def _said_of_alpha(data: bytes) -> int | None:
    """Return what the extension of the file says of its alpha, None where there is none."""
    if not data.endswith(_FOOTER) or len(data) < 26:
        return None
    (extension_at,) = struct.unpack_from("<I", data, len(data) - 26)
    attributes_at = extension_at + 494
    return data[attributes_at] if extension_at and attributes_at < len(data) else None

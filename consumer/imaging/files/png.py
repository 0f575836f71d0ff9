"""PNG files whose pixels Pillow does not give, or not as they are meant."""

from __future__ import annotations

import struct
import zlib
from typing import Final

import numpy as np
from kornia_rs.io import decode_image_png_u8
from PIL import Image

from consumer.imaging.errors import undecodable
from consumer.imaging.picture import ImageLimits, Picture, Pixels, Samples
from consumer.imaging.texels.alpha import straight

_MODES: Final = {"RGB": "rgb", "RGBA": "rgba"}
MAGIC: Final = b"\x89PNG\r\n\x1a\n"
_DEPTH_AT: Final = 24
_APPLES: Final = b"CgBI"
# It decodes with Python's lock held (findings/kornia-rs-decodes-with-pythons-lock-held.sh): of large pictures the event
# loop would stand still for a tenth of a second and more. libvips is hardly slower on these.
_LARGE_PIXELS: Final = 2048 * 2048
# Colour types, with how many bytes of 8 bits each a pixel takes.
_BANDS: Final = {2: 3, 6: 4}


def fast_png(data: bytes, header: Image.Image) -> Pixels | None:
    """Decode by Rust's png, twice as fast as libpng; None where it declines: 16 bits a channel, broken, or large."""
    width, height = header.size
    if width * height >= _LARGE_PIXELS:
        return None
    try:
        pixels: Pixels = decode_image_png_u8(data, (height, width), _MODES[header.mode])
    except BaseException as error:
        # A panic of Rust's is no Exception, and one picture must not end the process.
        if isinstance(error, Exception) or type(error).__name__ == "PanicException":
            return None
        raise
    return pixels


def compares_wrongly(data: bytes, header: Image.Image) -> bool:
    """Tell whether Pillow misses the colour that means transparent: it compares it with values of 8 bits."""
    return header.format == "PNG" and header.mode != "P" and data[_DEPTH_AT] in {2, 4, 16}


def apples_png(data: bytes, limits: ImageLimits) -> Picture | None:
    """Decode a PNG as Xcode packs it for iPhones, which no library reads; None for all others.

    Its bytes are not wrapped as zlib's, its colours lie as blue, green, red, multiplied by their alpha.
    Raises ImageRejectedError.
    """
    if not data.startswith(MAGIC) or data[len(MAGIC) + 4 : len(MAGIC) + 8] != _APPLES:
        return None
    chunks = _chunks(data)
    width, height, depth, kind, _, _, interlaced = struct.unpack(">IIBBBBB", chunks.get(b"IHDR", b"").ljust(13, b"\0"))
    limits.check_size(width, height)
    if depth != 8 or kind not in _BANDS or interlaced:
        raise undecodable("is a PNG packed for iPhones in a way that is not read: convert it with Xcode's pngcrush")
    bands = _BANDS[kind]
    row_bytes = 1 + width * bands
    try:
        unpacked = zlib.decompressobj(-zlib.MAX_WBITS).decompress(chunks.get(b"IDAT", b""), row_bytes * height)
    except zlib.error:
        raise undecodable("is damaged: the pixels of the PNG do not unpack") from None
    if len(unpacked) < row_bytes * height:
        raise undecodable("is cut short: the PNG has fewer pixels than its header says")
    # Any library undoes the filters of rows, once they are wrapped again.
    mode = "RGBA" if bands == 4 else "RGB"
    whole = Image.frombytes(mode, (width, height), zlib.compress(unpacked, 0), "zip", mode, 0)
    pixels: Samples = np.asarray(whole)[..., [2, 1, 0, 3][:bands]]
    return Picture(straight(pixels) if bands == 4 else np.ascontiguousarray(pixels), mode)


def _chunks(data: bytes) -> dict[bytes, bytes]:
    """Return the chunks of the file by their names, those of one name joined."""
    pieces: dict[bytes, list[bytes]] = {}
    at = len(MAGIC)
    while at + 8 <= len(data):
        size_bytes, name = struct.unpack_from(">I4s", data, at)
        pieces.setdefault(name, []).append(data[at + 8 : at + 8 + size_bytes])
        at += 12 + size_bytes
    return {name: b"".join(some) for name, some in pieces.items()}

"""Basis Universal, in KTX2 and in files of its own, read by opengl_basisu (the reference transcoder in a wheel)."""

from __future__ import annotations

import struct
from typing import Final

import numpy as np

from consumer.imaging.errors import undecodable
from consumer.imaging.layers import Layers
from consumer.imaging.picture import Picture

# Signature, and behind the version the header's own size.
MAGICS: Final = tuple(b"sB" + bytes([version, 0]) + b"M\0" for version in range(0x10, 0x15))
_IMAGES_AT: Final = 17
_TYPE_AT: Final = 23
_SLICES_AT: Final = 65
_CUBE: Final = 2


def basis_layers(data: bytes) -> Layers:
    """Return what a .basis file holds; raises ImageRejectedError for a header that is cut short."""
    try:
        (slices_at,) = struct.unpack_from("<I", data, _SLICES_AT)
        width, height = struct.unpack_from("<2H", data, slices_at + 5)
        count = int.from_bytes(data[_IMAGES_AT : _IMAGES_AT + 3], "little")
    except struct.error:
        raise undecodable("is cut short: the Basis file ends within its header") from None
    is_cube = data[_TYPE_AT] == _CUBE
    return Layers(width, height, max(count, 1), is_cube, lambda number: basis_picture(data, number))


def basis_picture(data: bytes, number: int) -> Picture:
    """Decode a picture of a KTX2 or .basis file; raises ImageRejectedError."""
    try:
        import opengl_basisu  # noqa: PLC0415 - an extra
    except ImportError:
        raise undecodable("is compressed as Basis, which needs: pip install 'aegis-tagger[extract]'") from None
    try:
        texture = opengl_basisu.open(data)
        layer, face = divmod(number, texture.faces)
        pixels = np.asarray(texture.transcode("rgba8", level=0, face=face, layer=layer).data)
    except opengl_basisu.UnsupportedError as error:
        raise undecodable(f"is of a kind of Basis that is not read ({error}): save it as UASTC or PNG") from error
    except opengl_basisu.BasisuError as error:
        raise undecodable(f"is damaged ({error})") from error
    if texture.y_flipped:
        pixels = pixels[::-1]
    bands = 4 if texture.has_alpha else 3
    return Picture(np.ascontiguousarray(pixels[..., :bands]), ("RGB", "RGBA")[bands - 3])

"""BMP files of 32 bits a pixel without masks, whose fourth byte Pillow leaves out."""

from __future__ import annotations

import struct

import numpy as np

from consumer.imaging.picture import Samples

_HEADER_BYTES = 34
_BITS = 32
_NOT_PACKED = 0


def with_fourth_byte(data: bytes, pixels: Samples) -> Samples:
    """Return the pixels that Pillow read, RGB, with the fourth byte as their alpha where it says anything.

    No header says that it does, and programs that have no alpha leave it 0 or 255 everywhere; SDL's and ImageMagick's
    readers tell so too.
    """
    if len(data) < _HEADER_BYTES:
        return pixels
    (start,) = struct.unpack_from("<I", data, 10)
    width, height, _, bits, packing = struct.unpack_from("<iiHHI", data, 18)
    size_bytes = 4 * abs(width * height)
    is_plain = data[:2] == b"BM" and bits == _BITS and packing == _NOT_PACKED
    if not is_plain or pixels.shape != (abs(height), width, 3) or len(data) < start + size_bytes:
        return pixels
    alpha = np.frombuffer(data, np.uint8, size_bytes, start).reshape(abs(height), width, 4)[..., 3:]
    if alpha.min() == alpha.max() and alpha.flat[0] in {0, 255}:
        return pixels
    return np.concatenate([pixels, alpha[::-1] if height > 0 else alpha], axis=-1)

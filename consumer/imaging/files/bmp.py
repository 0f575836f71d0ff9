"""BMP files of 16 and 32 bits a pixel: the masks and the fourth byte, of which Pillow knows a few alone."""

from __future__ import annotations

import struct
from typing import Final

import numpy as np

from consumer.imaging.errors import undecodable
from consumer.imaging.picture import ImageLimits, Picture, Samples
from consumer.imaging.texels.packed import packed

_MAGIC: Final = b"BM"
_HEADER_BYTES: Final = 34
_BITS: Final = 32
_NOT_PACKED, _BY_MASKS, _BY_MASKS_AND_ALPHA = 0, 3, 6
# Where red's mask stands: behind the oldest header that may have masks, and within all later ones.
_MASKS_AT: Final = 54
_OLDEST_HEADER, _WITH_ALPHA_MASK = 40, 56


def bmp_by_masks(data: bytes, limits: ImageLimits) -> Picture | None:
    """Decode a BMP whose header says which bits of a pixel are which colour; None for all others.

    Raises ImageRejectedError.
    """
    if not data.startswith(_MAGIC) or len(data) < _MASKS_AT + 16:
        return None
    start, header_bytes, width, height, _, bits, packing = struct.unpack_from("<IIiiHHI", data, 10)
    if bits not in {16, _BITS} or packing not in {_BY_MASKS, _BY_MASKS_AND_ALPHA} or header_bytes < _OLDEST_HEADER:
        return None
    limits.check_size(width, abs(height))
    *colours, alpha = struct.unpack_from("<4I", data, _MASKS_AT)
    has_alpha = header_bytes >= _WITH_ALPHA_MASK or packing == _BY_MASKS_AND_ALPHA
    masks = dict(zip("rgba", (*colours, alpha if has_alpha else 0), strict=True))
    try:
        kind = packed("BMP", bits, masks)
    except ValueError as error:
        raise undecodable(f"is a BMP file of {error}, which is not read: save it as PNG") from error
    # Rows begin at multiples of four bytes.
    row_bytes = width * bits // 8
    padded_bytes = -(-row_bytes // 4) * 4
    rows = np.frombuffer(data, np.uint8, offset=min(start, len(data)))[: padded_bytes * abs(height)]
    if rows.size < padded_bytes * abs(height):
        raise undecodable("is cut short: the BMP file has fewer pixels than its header says")
    texels = rows.reshape(-1, padded_bytes)[:, :row_bytes].tobytes()
    pixels = kind.decode(texels, width, abs(height))
    if pixels.shape[2] == 4 and not pixels[..., 3].any():
        pixels = pixels[..., :3]
    return Picture(np.ascontiguousarray(pixels[::-1] if height > 0 else pixels), kind.mode)


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
    is_plain = data.startswith(_MAGIC) and bits == _BITS and packing == _NOT_PACKED
    if not is_plain or pixels.shape != (abs(height), width, 3) or len(data) < start + size_bytes:
        return pixels
    alpha = np.frombuffer(data, np.uint8, size_bytes, start).reshape(abs(height), width, 4)[..., 3:]
    if alpha.min() == alpha.max() and alpha.flat[0] in {0, 255}:
        return pixels
    return np.concatenate([pixels, alpha[::-1] if height > 0 else alpha], axis=-1)

"""TIFF files whose pixels Pillow does not know, or not as they are meant: deep grey, and floats in colour."""

from __future__ import annotations

from typing import Final

import numpy as np

from consumer.imaging.errors import undecodable
from consumer.imaging.picture import ImageLimits, Picture, Samples, to_eight_bits
from consumer.imaging.vips import pyvips

MAGICS: Final = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_FLOATS: Final = frozenset({"float", "double"})
_DEEP: Final = frozenset({"ushort", "uint"})
_SIGNED: Final = frozenset({"char", "short", "int"})
_ORIENTATION: Final = "orientation"


def deep_tiff(data: bytes, limits: ImageLimits) -> Picture | None:
    """Decode a TIFF of grey or grey and alpha of more than 8 bits, of signed grey, or of floats; None for all else.

    Floats of colours are clamped to 0…1. So are those of grey that does not exceed 1; the largest value becomes white
    in others, which are heights. Grey that is white at 0 is turned round. 0 is the middle of signed grey.
    Raises ImageRejectedError.
    """
    if not data.startswith(MAGICS):
        return None
    try:
        image = pyvips.Image.new_from_buffer(data, "", fail_on="error")
        limits.check_size(image.width, image.height)
        if image.format not in _FLOATS and image.bands > (2 if image.format in _DEEP else int(image.format in _SIGNED)):
            return None
        if image.get_typeof(_ORIENTATION):
            image = image.autorot()
        values = np.asarray(image.numpy()).reshape(image.height, image.width, image.bands)
    except pyvips.Error:
        # Pillow says what is wrong with it.
        return None
    if values.shape[2] > 4:
        raise undecodable(f"is a TIFF of {values.shape[2]} channels, which is not read: save it as PNG")
    if values.dtype.kind == "i":
        values = _unsigned(values)
    return _colour(values) if values.shape[2] > 2 else _grey(values)


def _unsigned(values: Samples) -> Samples:
    """Return signed values with the least of them at 0: the sign is the highest bit, turned round."""
    bits: Samples = values.view(f"u{values.itemsize}")
    lifted: Samples = bits ^ bits.dtype.type(1 << (8 * values.itemsize - 1))
    return lifted


def _colour(values: Samples) -> Picture:
    unit = np.nan_to_num(values.astype(np.float32), nan=0.0, posinf=1.0, neginf=0.0).clip(0, 1)
    return Picture((unit * 255 + np.float32(0.5)).astype(np.uint8), ("RGB", "RGBA")[values.shape[2] - 3])


def _grey(values: Samples) -> Picture:
    if values.dtype == np.uint8:
        return Picture(values, "L")
    mode = "I;16" if values.dtype == np.uint16 else "I" if values.dtype == np.uint32 else "F"
    if mode == "F":
        finite = np.nan_to_num(values, nan=0.0, posinf=1.0, neginf=0.0).clip(0, None)
        finite[..., 0] /= max(1.0, float(finite[..., 0].max()))
        values = finite.clip(0, 1) * 65535 + 0.5
    elif mode == "I":
        values >>= 16
    levels = values.astype(np.uint16)
    return Picture(to_eight_bits(levels), "LA") if values.shape[2] == 2 else Picture(levels, mode)

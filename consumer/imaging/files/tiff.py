"""TIFF files whose pixels Pillow does not know, or not as they are meant: deep ones, floats, grey with alpha."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from consumer.imaging.errors import ImageRejectedError, undecodable
from consumer.imaging.picture import ImageLimits, Picture, Samples, to_eight_bits
from consumer.imaging.vips import pyvips

MAGICS: Final = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_FLOATS: Final = frozenset({"float", "double"})
_DEEP: Final = frozenset({"ushort", "uint"})
_SIGNED: Final = frozenset({"char", "short", "int"})
_NO_RGB: Final = frozenset({"cmyk", "lab", "labs"})
_ORIENTATION: Final = "orientation"
_LARGE: Final = (b"II+\0", b"MM\0+")
# Tags, by their numbers.
_BITS, _CHANNELS, _PLANES, _FOURTH_CHANNEL = 258, 277, 284, 338
_APART: Final = 2
_READ_BITS: Final = frozenset({1, 2, 4, 8, 16, 32})


def deep_tiff(data: bytes, limits: ImageLimits) -> Picture | None:
    """Decode a TIFF of more than 8 bits a channel, of floats, of signed grey, or of grey and alpha; None for all else.

    Floats of colours are clamped to 0…1. So are those of grey that does not exceed 1; the largest value becomes white
    in others, which are heights. Grey that is white at 0 is turned round. 0 is the middle of signed grey.
    Raises ImageRejectedError.
    """
    if not data.startswith(MAGICS):
        return None
    try:
        image = pyvips.Image.new_from_buffer(data, "", fail_on="error")
        limits.check_size(image.width, image.height)
        if not _is_ours(image):
            return None
        if image.get_typeof(_ORIENTATION):
            image = image.autorot()
        values = np.asarray(image.numpy()).reshape(image.height, image.width, image.bands)
    except pyvips.Error:
        refusal = _refusal(_tags(data))
        if refusal:
            raise refusal from None
        return None
    if values.shape[2] > 4:
        raise undecodable(f"is a TIFF of {values.shape[2]} channels, which is not read: save it as PNG")
    if values.dtype.kind == "i":
        values = _unsigned(values)
    if values.shape[2] == 4 and _tags(data).get(_FOURTH_CHANNEL, (0,))[0] == 0:
        # As of 8 bits: what is not said to be alpha is none.
        values = values[..., :3]
    return _colour(values) if values.shape[2] > 2 else _grey(values)


def _is_ours(image: Any) -> bool:
    if image.interpretation in _NO_RGB:
        return False
    if image.format in _SIGNED:
        return int(image.bands) == 1
    return image.format in _FLOATS or image.format in _DEEP or int(image.bands) == 2


def _tags(data: bytes) -> Mapping[int, Any]:
    """Return what the first directory of the file says, empty where it is damaged."""
    try:
        directory = ImageFileDirectory_v2(data[:16] if data.startswith(_LARGE) else data[:8])
        file = io.BytesIO(data)
        file.seek(directory.next)
        directory.load(file)
        return dict(directory)
    except Exception:  # noqa: BLE001 - whatever is wrong with it, Pillow says so next
        return {}


def _refusal(tags: Mapping[int, Any]) -> ImageRejectedError | None:
    """Return why a file that libvips does not read is not given to Pillow either, None where it is."""
    bits = max(tags.get(_BITS, (1,)))
    if bits not in _READ_BITS:
        return undecodable(f"is a TIFF of {bits} bits a channel, which is not read: save it with 8 or 16, or as PNG")
    channels = tags.get(_CHANNELS, 1)
    if tags.get(_PLANES) == _APART and channels > 1 and (bits > 8 or channels == 2):
        # Pillow takes one plane for the next, or says nothing that helps.
        return undecodable(
            f"is a TIFF of {bits} bits a channel, in tiles of one channel each, which is not read: "
            "save it with its channels together, or as PNG"
        )
    return None


def _unsigned(values: Samples) -> Samples:
    """Return signed values with the least of them at 0: the sign is the highest bit, turned round."""
    bits: Samples = values.view(f"u{values.itemsize}")
    lifted: Samples = bits ^ bits.dtype.type(1 << (8 * values.itemsize - 1))
    return lifted


def _colour(values: Samples) -> Picture:
    mode = ("RGB", "RGBA")[values.shape[2] - 3]
    if values.dtype.kind == "u":
        return Picture(to_eight_bits(values >> 16 if values.dtype == np.uint32 else values), mode)
    unit = np.nan_to_num(values.astype(np.float32), nan=0.0, posinf=1.0, neginf=0.0).clip(0, 1)
    return Picture((unit * 255 + np.float32(0.5)).astype(np.uint8), mode)


def _grey(values: Samples) -> Picture:
    if values.dtype == np.uint8:
        return Picture(values, ("L", "LA")[values.shape[2] - 1])
    mode = "I;16" if values.dtype == np.uint16 else "I" if values.dtype == np.uint32 else "F"
    if mode == "F":
        finite = np.nan_to_num(values, nan=0.0, posinf=1.0, neginf=0.0).clip(0, None)
        finite[..., 0] /= max(1.0, float(finite[..., 0].max()))
        values = finite.clip(0, 1) * 65535 + 0.5
    elif mode == "I":
        values >>= 16
    levels = values.astype(np.uint16)
    return Picture(to_eight_bits(levels), "LA") if values.shape[2] == 2 else Picture(levels, mode)

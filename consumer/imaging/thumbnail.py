"""A picture made small for a browser, as WebP, and the colours that it is made of."""

from __future__ import annotations

import io
from typing import Final

import numpy as np
from PIL import Image

from consumer.imaging.decode import read
from consumer.imaging.errors import undecodable
from consumer.imaging.picture import ImageLimits, in_colour
from consumer.imaging.vips import pyvips

_QUALITY: Final = 82
_EFFORT: Final = 2
# Pixel art of so few pixels would be smeared, and is small without loss too.
_LOSSLESS_SIDE: Final = 96
_LOOKED_AT_SIDE: Final = 64
_OPAQUE: Final = 128
_NEAR: Final = 40


def thumbnail(data: bytes, limits: ImageLimits, side: int) -> bytes:
    """Return any texture that is read as WebP of at most ``side`` by ``side`` pixels; a smaller one keeps its size.

    Raises:
        ImageRejectedError: as :func:`consumer.imaging.decode.read`, and where memory does not suffice.

    """
    try:
        pixels = in_colour(read(data, limits)).pixels
        image = pyvips.Image.new_from_array(np.ascontiguousarray(pixels), interpretation="srgb")
        if max(image.width, image.height) > side:
            image = image.thumbnail_image(side, height=side, size="down")
        small: bytes = image.webpsave_buffer(
            Q=_QUALITY,
            effort=_EFFORT,
            smart_subsample=True,
            lossless=max(image.width, image.height) <= _LOSSLESS_SIDE,
            keep="none",
        )
    except MemoryError:
        raise undecodable("needs more memory than there is") from None
    except pyvips.Error as error:
        raise undecodable(f"cannot be made small ({' '.join(str(error).split())[:200]})") from error
    return small


def swatches(webp: bytes, most: int = 6) -> tuple[str, ...]:
    """Return the colours of a thumbnail as ``#rrggbb``, the most frequent first; what is transparent has none."""
    with Image.open(io.BytesIO(webp), formats=["WEBP"]) as opened:
        small = opened.convert("RGBA")
    small.thumbnail((_LOOKED_AT_SIDE, _LOOKED_AT_SIDE), Image.Resampling.NEAREST)
    texels = np.asarray(small).reshape(-1, 4)
    opaque = texels[texels[:, 3] >= _OPAQUE][:, :3]
    if not len(opaque):
        return ()
    quantised = Image.fromarray(opaque.reshape(1, -1, 3)).quantize(4 * most, Image.Quantize.MEDIANCUT)
    palette = np.array(quantised.getpalette() or [], dtype=np.int64).reshape(-1, 3)
    kept: list[np.ndarray[tuple[int], np.dtype[np.int64]]] = []
    for number in np.argsort(-np.bincount(np.asarray(quantised).ravel()), kind="stable"):
        colour = palette[number]
        if all(np.abs(colour - other).sum() >= _NEAR for other in kept):
            kept.append(colour)
    return tuple("#{:02x}{:02x}{:02x}".format(*colour) for colour in kept[:most])

"""Pixels that are stored in more room than they need."""

from __future__ import annotations

from typing import Final

import numpy as np
from PIL import Image

from consumer.findings.check import Check, Severity
from consumer.findings.checks.size import is_in_blocks
from consumer.findings.texture import Bytes, Texture

_TRUECOLOUR: Final = frozenset({"RGB", "RGBA", "RGBX"})
_PALETTE: Final = 256
_SMALLEST_PIXELS: Final = 4096


def _grey_as_colour(texture: Texture, limit: float) -> float | None:
    # Formats of blocks store grey in the same room.
    if texture.bands < 3 or texture.mode not in _TRUECOLOUR or is_in_blocks(texture) or not _large(texture):
        return None
    some = texture.scattered
    if not (_is_grey(some[len(some) // 2], limit) and _is_grey(some, limit) and _is_grey(texture.eight, limit)):
        return None
    return None if _has_one_colour(texture.eight) else float(texture.bands)


def _few_colours(texture: Texture, limit: float) -> float | None:
    if texture.bands < 3 or texture.mode not in _TRUECOLOUR or texture.file_format != "PNG" or not _large(texture):
        return None
    if not (texture.middle_colours <= limit and _colours(texture.scattered, limit)):
        return None
    count = _colours(texture.eight, limit)
    return float(count) if count and count > 1 and not _is_grey(texture.eight, 0) else None


def _eight_bits_in_sixteen(texture: Texture, _: float) -> float | None:
    if texture.pixels.dtype != np.uint16 or not _large(texture):
        return None
    low = texture.pixels & np.uint16(0xFF)
    high = texture.pixels >> np.uint16(8)
    # 8 bits are widened by repeating them or by zeros.
    if high.max() == high.min() or not ((low == high).all() or not low.any()):
        return None
    return 8.0


def _one_colour(texture: Texture, limit: float) -> float | None:
    pixels = texture.eight
    if max(texture.height, texture.width) <= limit or not _has_one_colour(texture.scattered):
        return None
    if texture.is_transparent or not _has_one_colour(pixels):
        return None
    return float(max(texture.height, texture.width))


def _repeated(texture: Texture, limit: float) -> float | None:
    """Return how many equal parts it is made of."""
    if min(texture.height, texture.width) < limit:
        return None
    parts = _halves(texture, 0) * _halves(texture, 1)
    return float(parts) if parts > 1 and not _has_one_colour(texture.scattered) else None


def _halves(texture: Texture, axis: int) -> int:
    length = texture.eight.shape[axis]
    if length % 2:
        return 1
    pixels = texture.eight if axis == 0 else np.swapaxes(texture.eight, 0, 1)
    half = length // 2
    # A few lines tell most textures apart.
    if any((pixels[at, ::2] != pixels[at + half, ::2]).any() for at in (half // 2, half // 5, 0)):
        return 1
    # What is the same all along an axis repeats nothing.
    if (pixels[: half : max(1, half // 8)] == pixels[0]).all() or not np.array_equal(pixels[:half], pixels[half:]):
        return 1
    return 2


def _is_grey(pixels: Bytes, tolerance: float) -> bool:
    red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    if tolerance == 0:
        return not (red != green).any() and not (green != blue).any()
    return all(
        int(np.abs(first.astype(np.int16) - second).max()) <= tolerance
        for first, second in ((red, green), (green, blue))
    )


def _has_one_colour(pixels: Bytes) -> bool:
    flat = pixels.reshape(-1, pixels.shape[-1])
    return bool((flat[:: max(1, len(flat) // 64)] == flat[0]).all() and (flat == flat[0]).all())


def _colours(pixels: Bytes, limit: float) -> int | None:
    """Return how many colours there are, None above the limit; counting ends there."""
    counted = Image.fromarray(pixels).getcolors(int(limit))
    return None if counted is None else len(counted)


def _large(texture: Texture) -> bool:
    return texture.height * texture.width >= _SMALLEST_PIXELS


STORAGE: Final = (
    Check(
        "AEG121",
        "grey-as-colour",
        Severity.NOTE,
        "channels in the file",
        "Red, green and blue are the same in every pixel: three times the memory for one channel.",
        "Store it as one channel (L, R8, BC4), or pack it with other masks into one texture.",
        _grey_as_colour,
        0,
        "difference of channels that still counts as grey, in levels of 255",
    ),
    Check(
        "AEG122",
        "few-colours",
        Severity.NOTE,
        "colours",
        "So few colours fit a palette: one byte a pixel instead of three or four, before the file is compressed.",
        "Save it as an indexed PNG; ignore it where the engine packs textures anew.",
        _few_colours,
        _PALETTE,
        "most colours that count as few",
    ),
    Check(
        "AEG123",
        "eight-bits-in-sixteen",
        Severity.WARNING,
        "bits of content",
        "The file has 16 bits a pixel, of which 8 say nothing: what was to be gained by 16 was lost on the way here.",
        "Export it anew from its source in 16 bits, or store it in 8.",
        _eight_bits_in_sixteen,
    ),
    Check(
        "AEG124",
        "one-colour",
        Severity.NOTE,
        "pixels of the longest side",
        "Every pixel has the same colour: a colour in the material, or a texture of 4 by 4 pixels, does the same.",
        "Replace it by a constant, or find out why nothing was painted.",
        _one_colour,
        8,
        "longest side that is not looked at, in pixels",
    ),
    Check(
        "AEG125",
        "repeated-content",
        Severity.NOTE,
        "equal parts",
        "It holds the same picture several times: the memory for one would do.",
        "Cut it to one of its parts and repeat that by the texture coordinates.",
        _repeated,
        64,
        "shortest side that is looked at, in pixels",
    ),
)

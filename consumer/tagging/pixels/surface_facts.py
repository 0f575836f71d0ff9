"""What is certain of a texture as a surface: how transparent it is, whether it tiles, how it is laid out."""

from __future__ import annotations

from typing import Final

import numpy as np

from consumer.imaging.picture import DecodedImage
from consumer.imaging.whole_pixels import distance
from consumer.tagging.pixels.layout import Layout
from consumer.tagging.pixels.pixel_view import Bytes, mean, percentiles

TINY_PIXELS: Final = 32
# Facts are no matter of opinion, but bytes may be read in more than one way.
_CERTAIN: Final = 0.99
_LONGEST_SIDE: Final = 256
_FEW: Final = 16
_TRANSPARENT: Final = 16
_OPAQUE: Final = 239
_CUT_OUT_SHARE: Final = 0.02
# Soft edges alone make no surface translucent.
_TRANSLUCENT_SHARE: Final = 0.25
_BLANK_STEP: Final = 2
# Of fewer pixels too little can be said of a seam.
_SMALLEST_TILE: Final = 32
_LINES: Final = 48
# The step across the border may be as large as nine of ten steps inside are, and a little larger.
_SEAM_PERCENT: Final = 90
_SEAM: Final = 1.1
# A border of one colour fits to itself, and tells nothing.
_LEAST_VARIED: Final = 6.0


def surface_facts(image: DecodedImage, layout: Layout) -> dict[str, float]:
    """Return the probability of each fact: close to 1, or 0."""
    pixels = image.pixels
    step = -(-max(pixels.shape[:2]) // _LONGEST_SIDE)
    sampled = pixels[::step, ::step]
    # Most pictures differ within a few of their pixels.
    blank = _is_blank(sampled[::_FEW, ::_FEW]) and _is_blank(sampled) and (step == 1 or _is_blank(pixels))
    uses_alpha = image.has_alpha and (int(sampled[..., 3].min()) < 255 or image.uses_alpha)
    transparency = _transparency(sampled, uses_alpha=uses_alpha)
    facts = {
        "opaque": transparency == "opaque",
        "cut_out": transparency == "cut_out" and not blank,
        "translucent": transparency == "translucent" and not blank,
        "tileable": transparency == "opaque" and layout.kind == "single" and not blank and _tiles(pixels),
        "sheet": layout.kind == "sheet",
        "tiny": max(image.width, image.height) <= TINY_PIXELS,
        "animated_strip": layout.kind == "strip",
        "blank": blank,
    }
    return {name: _CERTAIN if is_so else 0.0 for name, is_so in facts.items()}


def _transparency(pixels: Bytes, *, uses_alpha: bool) -> str | None:
    """Return how alpha is used, None where it may as well hold something else, as gloss."""
    if not uses_alpha:
        return "opaque"
    alpha = np.ascontiguousarray(pixels[..., 3])
    seen = alpha >= _TRANSPARENT
    count = int(np.count_nonzero(seen))
    if seen.size - count < _CUT_OUT_SHARE * seen.size:
        return None
    half = seen & (alpha <= _OPAQUE)
    if np.count_nonzero(half) <= _TRANSLUCENT_SHARE * max(1, count):
        return "cut_out"
    # A soft edge is half transparent, too, but thin.
    wide = half[1:-1, 1:-1] & half[:-2, 1:-1] & half[2:, 1:-1] & half[1:-1, :-2] & half[1:-1, 2:]
    return "translucent" if np.count_nonzero(wide) > _TRANSLUCENT_SHARE * max(1, count) else "cut_out"


def _is_blank(pixels: Bytes) -> bool:
    """Tell whether nothing is visible, or all that is has one colour."""
    if pixels.shape[2] == 4:
        alpha = pixels[..., 3]
        if int(np.ptp(alpha)) > _BLANK_STEP:
            return bool((alpha < _TRANSPARENT).all())
        if int(alpha.max()) < _TRANSPARENT:
            return True
    return bool(np.ptp(pixels[..., :3].reshape(-1, 3), axis=0).max() <= _BLANK_STEP)


def _tiles(pixels: Bytes) -> bool:
    """Tell whether the picture goes on across its borders as it does inside, in both directions."""
    height, width = pixels.shape[:2]
    if min(height, width) < _SMALLEST_TILE:
        return False
    return _goes_on(pixels[..., :3]) and _goes_on(pixels[..., :3].swapaxes(0, 1))


def _goes_on(pixels: Bytes) -> bool:
    """Compare the step from the last row to the first with the steps between some rows inside."""
    step = -(-pixels.shape[1] // _LONGEST_SIDE)
    last, first = pixels[-1, ::step], pixels[0, ::step]
    if min(last.std(axis=0).max(), first.std(axis=0).max()) < _LEAST_VARIED:
        return False
    rows = np.unique(np.linspace(0, pixels.shape[0] - 2, _LINES).astype(int))
    steps = distance(pixels[rows, ::step], pixels[rows + 1, ::step])
    inside = np.add.reduce(steps, axis=(1, 2), dtype=np.uint32) / (steps.shape[1] * steps.shape[2])
    (usual,) = percentiles(inside, (_SEAM_PERCENT,))
    return mean(distance(last, first)) <= _SEAM * max(usual, 0.5)

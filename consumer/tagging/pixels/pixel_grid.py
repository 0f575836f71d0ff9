"""Pixel art, told by its own pixels: few colours, hard edges, hardly a step between neighbours that nobody sees.

Art that was enlarged is looked at in the size that it was drawn in. What was drawn smooth, and only is small, has about
as many colours as pixels, or soft edges.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from consumer.imaging.whole_pixels import distance
from consumer.tagging.pixels.pixel_art import colour_codes
from consumer.tagging.pixels.pixel_view import VISIBLE_ALPHA, Bytes, Flags, share
from consumer.tagging.pixels.surfaces import logistic

_MIDDLE_SIDE: Final = 128
_FEWEST_PIXELS: Final = 8
_LARGEST_BLOCK: Final = 8
# Blocks of so few pixels can only be told from noise in a picture that mostly repeats its neighbours.
_LEAST_EQUAL: Final = 0.4
# Up to here a picture is drawn pixel by pixel, or shrunk from something else.
_SMALL: Final = 40
# Steps of at most so many levels between neighbours are shading, which nobody sets by hand.
_UNSEEN_STEP: Final = 6
_STRIP: Final = 3
_UNLIKELY: Final = 0.01


@dataclass(frozen=True, slots=True)
class _Drawn:
    """The centre of a picture in the size that it was drawn in; ``side`` is the longest of the whole picture there."""

    rgb: Bytes
    alpha: Bytes
    side: int


def pixel_art_probability(pixels: Bytes) -> float:
    """Return the probability that [H, W, 3 or 4] is pixel art; 0 where hardly anything is visible."""
    drawn = _as_drawn(pixels)
    shown = drawn.alpha >= VISIBLE_ALPHA
    count = int(np.count_nonzero(shown))
    if count < _FEWEST_PIXELS:
        return 0.0
    steps = _steps(drawn.rgb, shown, all_shown=count == shown.size)
    if not steps.pairs:
        return 0.0
    equal, unseen = steps.equal / steps.pairs, steps.unseen / steps.pairs
    hard = logistic(share((drawn.alpha < 16) | (drawn.alpha > 239)), 0.975, 0.005)
    if drawn.side <= _SMALL:
        colours = _colours(drawn, shown)
        shaded = min(logistic(unseen, 0.45, 0.04), logistic(colours, 24, 2))
        few = logistic(-colours / count, -0.62, 0.04) * (1 - shaded)
        crisp = logistic(-drawn.side, -20, 0.5) * logistic(-unseen, -0.3, 0.03)
        return hard * max(few, crisp) * logistic(-equal, -0.95, 0.01)
    likely = (
        hard
        * logistic(-unseen, -0.14, 0.02)
        * logistic(-math.log2(drawn.side), -8.1, 0.1)
        * logistic(-equal, -0.78, 0.02)
    )
    # Counting colours takes longest, and most pictures are told by the rest.
    return likely if likely < _UNLIKELY else likely * logistic(-math.log2(_colours(drawn, shown)), -7.2, 0.15)


def _colours(drawn: _Drawn, shown: Flags) -> int:
    return len(np.unique(colour_codes(*np.moveaxis(drawn.rgb, 2, 0))[shown]))


def _as_drawn(pixels: Bytes) -> _Drawn:
    height, width = pixels.shape[:2]
    block = _block_of(pixels)
    centre = _centre(pixels, _MIDDLE_SIDE * block, block)[::block, ::block]
    middle = centre[:_MIDDLE_SIDE, :_MIDDLE_SIDE]
    alpha = middle[..., 3] if pixels.shape[2] == 4 else np.full(middle.shape[:2], 255, np.uint8)
    longest, shortest = max(height, width), min(height, width)
    # A strip of frames is as large as one of them.
    side = shortest if longest >= _STRIP * shortest and not longest % shortest else longest
    return _Drawn(middle[..., :3], alpha, side // block)


def _block_of(pixels: Bytes) -> int:
    """Return how many pixels across one pixel of the drawing is."""
    height, width = pixels.shape[:2]
    middle = _centre(pixels, _MIDDLE_SIDE, 1)
    if middle.shape[1] < 2 or share(middle[:, 1:, 1] == middle[:, :-1, 1]) < _LEAST_EQUAL:
        return 1
    for block in range(_LARGEST_BLOCK, 1, -1):
        if not height % block and not width % block and _is_of_blocks(_centre(pixels, _MIDDLE_SIDE, block), block):
            return block
    return 1


def _is_of_blocks(pixels: Bytes, block: int) -> bool:
    height, width = (side // block for side in pixels.shape[:2])
    if min(height, width) < 4:
        return False
    blocks = pixels[: height * block, : width * block].reshape(height, block, width, block, -1)
    # Most pictures differ within the first row of blocks.
    return all(bool((some == some[:, :1, :, :1]).all()) for some in (blocks[:1], blocks))


def _centre(pixels: Bytes, side: int, step: int) -> Bytes:
    """Return the centre, at most about `side` across, from a multiple of `step` on."""
    height, width = pixels.shape[:2]
    top, left = max(0, (height - side) // 2) // step * step, max(0, (width - side) // 2) // step * step
    return pixels[top : top + side, left : left + side]


class _Steps(NamedTuple):
    """Of so many pairs of neighbours, how many are equal, and how many differ by less than anybody sees."""

    pairs: int
    equal: int
    unseen: int


def _steps(rgb: Bytes, shown: Flags, *, all_shown: bool) -> _Steps:
    """Count the steps between neighbours that are both visible, by their largest difference of a channel."""
    width = shown.shape[1]
    # Each channel in one piece is what numpy is fast on; the end of a row is no neighbour of the next one.
    planes = np.ascontiguousarray(rgb.transpose(2, 0, 1)).reshape(3, -1)
    visible = shown.reshape(-1)
    count = equal = unseen = 0
    for apart in (1, width):
        largest = np.maximum.reduce(distance(planes[:, apart:], planes[:, :-apart]))
        pairs = np.ones(largest.shape, np.bool_) if all_shown else visible[apart:] & visible[:-apart]
        if apart == 1:
            pairs[width - 1 :: width] = False
        same = int(np.count_nonzero((largest == 0) & pairs))
        count += int(np.count_nonzero(pairs))
        equal += same
        unseen += int(np.count_nonzero((largest <= _UNSEEN_STEP) & pairs)) - same
    return _Steps(count, equal, unseen)

"""Tests for surfaces that are no pictures: normal maps, gradients, noise, height maps.

Each ends in a logistic curve around the point where people begin to agree.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from consumer.tagging.pixels.pixel_view import Floats, PixelView, share

# Yellow and red pictures without a trace of blue exist too: of what looks packed, about so much is.
_PACKED_CERTAINTY: Final = 0.6
# Squared levels; below it the image is one colour, and nothing can be said of its structure.
_SMALLEST_VARIANCE: Final = 16.0


def logistic(value: float, middle: float, width: float) -> float:
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, (value - middle) / width))))


def normal_map(view: PixelView) -> float:
    """Judge colours as directions: of about unit length, upright, leaning to every side alike."""
    z = view.directions[2]
    if len(z) < view.painted.size / 3:
        return 0.0
    like_normals = share((z > 0.1) & (view.squared_lengths > 0.65**2))
    lean_x, lean_y, blue = view.lean
    lean = max(abs(lean_x), abs(lean_y))
    return logistic(like_normals, 0.85, 0.03) * logistic(-lean, -0.22, 0.02) * logistic(blue, 0.7, 0.03)


def mask(view: PixelView) -> float:
    """Judge two kinds of mask.

    Channels packed with data leave the last of them empty, to the bit; a stencil is black against white, with little
    between.
    """
    lowest, highest = view.lowest, view.highest
    empty_blue = share(view.planes[2] < 4)
    varied = share(highest > 20) > 0.05
    packed = _PACKED_CERTAINTY * logistic(empty_blue, 0.97, 0.008) if varied else 0.0
    grey = share(highest - lowest < 8)
    black, white = share(highest < 16), share(lowest > 239)
    stencil = logistic(min(grey, black + white), 0.93, 0.015) * logistic(min(black, white), 0.04, 0.01)
    return max(packed, stencil)


def gradient(view: PixelView) -> float:
    """Judge how well a plane through the colours explains them."""
    height, width = view.shape
    if min(height, width) < 2:
        return 0.0
    values = view.planes.astype(np.float32)
    spread = values - values.mean(axis=1, keepdims=True)
    total = float((spread * spread).sum())
    if total / values.shape[1] < _SMALLEST_VARIANCE:
        return 0.0
    grid = spread.reshape(3, height, width)
    down, across = (np.arange(side, dtype=np.float32) - (side - 1) / 2 for side in (height, width))
    explained = sum(
        float(((sums @ axis) ** 2).sum()) / (float(axis @ axis) * other)
        for sums, axis, other in ((grid.sum(axis=2), down, width), (grid.sum(axis=1), across, height))
    )
    return logistic(explained / total, 0.95, 0.01)


def noise(view: PixelView) -> float:
    """Judge whether neighbours are as different as any two pixels: white noise, in every direction."""
    values = np.ascontiguousarray(view.middle.transpose(2, 0, 1)).mean(axis=0, dtype=np.float32)
    variance = float(values.var())
    if min(values.shape) < 16 or variance < _SMALLEST_VARIANCE:
        return 0.0
    apart = min(float(np.diff(values, axis=axis).var()) for axis in (0, 1)) / (2 * variance)
    return logistic(apart, 0.85, 0.03) * logistic(-_repetition(values), -0.3, 0.05)


def height_map(view: PixelView) -> float:
    """Judge relief: grey to the bit, many levels between dark and light, and no edge that a picture would have."""
    grey = share(view.highest - view.lowest <= 2)
    values = view.planes[1].reshape(view.shape).astype(np.float32)
    if min(values.shape) < 16 or values.var() < 4 * _SMALLEST_VARIANCE:
        return 0.0
    histogram = np.bincount(view.planes[1], minlength=256) / view.planes[1].size
    levels = float((histogram > 0).sum()) / 256
    lump = float(histogram.max())
    smooth = float(np.hypot(*(np.abs(np.diff(values, axis=axis)).mean() for axis in (0, 1))) / values.std())
    return (
        logistic(grey, 0.99, 0.003)
        * logistic(levels, 0.3, 0.04)
        * logistic(-lump, -0.12, 0.02)
        * logistic(-smooth, -0.22, 0.03)
    )


def _repetition(values: Floats) -> float:
    """Return the highest correlation of a row with the row after next, as dithers and checkers have it."""
    centred = values - values.mean()
    power = float((centred**2).mean())
    return (
        max(abs(float((centred[2:] * centred[:-2]).mean())), abs(float((centred[:, 2:] * centred[:, :-2]).mean())))
        / power
    )

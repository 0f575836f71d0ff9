"""Traces that compression and rounding left in pixels."""

from __future__ import annotations

from typing import Final

import numpy as np

from consumer.findings.check import Check, Severity
from consumer.findings.texture import Bytes, Floats, Texture

_LOSSLESS: Final = frozenset({"PNG", "TGA", "BMP", "TIFF", "PSD", "GIF"})
_BLOCK: Final = 8
_EDGE: Final = 12.0
_FEWEST_LEVELS: Final = 10
_WIDE_RANGE: Final = 96
# Levels that are three apart are no more than these.
_MOST_LEVELS: Final = 86
_REGULAR: Final = 0.9


def _jpeg_blocks(texture: Texture, limit: float) -> float | None:
    """Return by how many deviations the borders of blocks of 8 stand out, in the axis in which they do less."""
    if texture.file_format not in _LOSSLESS or min(texture.height, texture.width) < 4 * _BLOCK:
        return None
    if texture.uses_alpha or texture.is_pixel_art or texture.middle_colours <= 64:
        return None
    luma = texture.luma
    excess = _excess(luma)
    if excess >= limit:
        excess = min(excess, _excess(np.swapaxes(luma, 1, 2)))
    return excess if excess >= limit else None


def _excess(luma: Floats) -> float:
    """Return how far the jumps at borders of blocks lie above those elsewhere, in deviations of the mean."""
    length = luma.shape[2] // _BLOCK * _BLOCK
    steps = np.abs(np.diff(luma[..., :length], axis=2))
    # A step, less what the slope on both sides of it makes likely; large ones are edges of the picture.
    jumps: Floats = np.clip(steps[..., 1:-1] - (steps[..., :-2] + steps[..., 2:]) / 2, -_EDGE, _EDGE)
    borders = jumps[..., _BLOCK - 2 :: _BLOCK]
    means = _means_by_place(jumps)
    border = means.pop(_BLOCK - 2)
    deviation = float(borders.std()) / np.sqrt(borders.size) + 1e-3
    return float((border - max(means)) / deviation)


def _means_by_place(jumps: Floats) -> list[float]:
    """Return the mean of every eighth column from the first, from the second, and so on.

    Jumps are halves of whole numbers, so that their sums are exact in whatever order.
    """
    columns = jumps.shape[-1]
    sums = np.zeros(-(-columns // _BLOCK) * _BLOCK, np.float64)
    sums[:columns] = jumps.reshape(-1, columns).sum(axis=0)
    counts = jumps.size // columns * np.array([len(range(place, columns, _BLOCK)) for place in range(_BLOCK)])
    means: list[float] = (sums.reshape(-1, _BLOCK).sum(axis=0) / counts).astype(np.float32).tolist()
    return means


def _banding(texture: Texture, limit: float) -> float | None:
    """Return how many bits a channel is left with, where its levels are evenly apart."""
    if texture.middle_colours < 16 or texture.is_pixel_art:
        return None
    most = 0
    for band in (1, 0, 2) if texture.bands > 2 else (0,):
        most = max(most, _bits(texture.scattered[..., band]))
        if most > limit:
            return None
    return float(most) if most else None


def _bits(channel: Bytes) -> int:
    """Return how many bits the levels in use need, 8 where they are not evenly apart; 0 where too few are in use."""
    levels = np.flatnonzero(np.bincount(channel.ravel(), minlength=256))
    if len(levels) < _FEWEST_LEVELS or levels[-1] - levels[0] < _WIDE_RANGE:
        return 0
    if len(levels) > _MOST_LEVELS:
        return 8
    gaps = np.diff(levels)
    usual = int(np.sort(gaps)[len(gaps) // 2])
    even = usual >= 3 and float(np.mean(np.abs(gaps % usual) <= 1)) >= _REGULAR
    return round(float(np.log2(256 / usual))) if even else 8


TRACES: Final = (
    Check(
        "AEG421",
        "jpeg-blocks",
        Severity.NOTE,
        "deviations by which borders of blocks stand out",
        "A lossless file shows the 8 by 8 blocks of JPEG: its quality was lost before, and its size is not.",
        "Look for the source; compressing it again for the game makes the blocks stand out.",
        _jpeg_blocks,
        3,
        "deviations by which borders of blocks may stand out",
    ),
    Check(
        "AEG422",
        "banding",
        Severity.NOTE,
        "bits a channel",
        "Colours are rounded to few levels: soft shades show as bands.",
        "Export it in 8 bits a channel, with dithering if it must be fewer.",
        _banding,
        5,
        "most bits a channel that count as few",
    ),
)

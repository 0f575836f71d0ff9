"""Pictures that hold less detail than their size promises."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from PIL import Image

from consumer.findings.check import Check, Severity
from consumer.findings.texture import Bytes, Floats, Texture

_SIDE: Final = 64
# Bins of 64 pixels: from 0.3 to 0.47 of the pixels' frequency, and the octave below.
_HIGH: Final = slice(19, 31)
_BELOW: Final = slice(8, 15)
# Mean power a bin below which rounding to 8 bits is all there is.
_ROUNDING: Final = 40.0
# What is lost at half the size, over what neighbours differ by: eyes see more than that.
_LOST: Final = 0.35
# Strips from top to bottom say it of large textures: the left and right halves of them in turn of most, by these and
# more or less, and the other halves of the rest. At their edges more is lost than within.
_STRIPS: Final = 4
_STRIP_ROWS: Final = 40
_OUTER: Final = 8
_CLEARLY_KEPT: Final = 0.31
_CLEARLY_LOST: Final = 0.45
_MOST_REPEATS: Final = 8
_STRIP: Final = 4
_AHEAD: Final = 48
_FEWEST_CHANGES: Final = 3


def _oversized(texture: Texture, limit: float) -> float | None:
    """Return the power above half the highest frequency, over that of the octave below."""
    if texture.uses_alpha or min(texture.height, texture.width) < _SIDE or texture.is_pixel_art:
        return None
    luma = texture.luma[::3]
    found = _finest(luma[:, ::4].reshape(-1, _SIDE))
    if found is not None and found <= limit:
        across = _finest(np.swapaxes(luma, 1, 2)[:, ::4].reshape(-1, _SIDE))
        found = None if across is None else max(found, across)
    return found if found is not None and found <= limit and _loses_little(texture) else None


def _loses_little(texture: Texture) -> bool:
    """Confirm that half the size shows the same: frames and sparks are little of the spectrum."""
    plane = texture.eight[..., 1 if texture.bands > 2 else 0]
    if texture.height < (_STRIPS + 1) * _STRIP_ROWS:
        lost, usual = _lost(plane[None], 0)
        return lost <= _LOST * usual
    lost, usual = _lost(_strips(plane, 0), _OUTER)
    if _CLEARLY_KEPT * usual < lost <= _CLEARLY_LOST * usual:
        more_lost, more_usual = _lost(_strips(plane, 1), _OUTER)
        lost, usual = lost + more_lost, usual + more_usual
    return lost <= _LOST * usual


def _strips(plane: Bytes, first: int) -> Bytes:
    """Return strips, [n, rows, pixels], the first one of the left half (0) or of the right one (1).

    They begin at even pixels, as those do of which half the size is made.
    """
    room, half = len(plane) - _STRIP_ROWS, plane.shape[1] // 4 * 2
    corners = [(room * number // (2 * (_STRIPS - 1)) * 2, (number + first) % 2 * half) for number in range(_STRIPS)]
    return np.stack([plane[top : top + _STRIP_ROWS, left : left + half] for top, left in corners])


def _lost(pieces: Bytes, outer: int) -> tuple[float, float]:
    """Return by how much pixels differ on average from those at half the size, and by how much from their neighbours.

    So many pixels at each edge of the pieces, [n, rows, pixels], do not count: they are made smaller as one.
    """
    whole = Image.fromarray(np.ascontiguousarray(pieces).reshape(-1, pieces.shape[2]))
    half = whole.resize((whole.width // 2, whole.height // 2), Image.Resampling.LANCZOS)
    again = np.asarray(half.resize(whole.size, Image.Resampling.LANCZOS)).reshape(pieces.shape)
    inner = slice(outer, pieces.shape[1] - outer), slice(outer, pieces.shape[2] - outer)
    kept = pieces[:, *inner].astype(np.int16)
    return float(np.abs(again[:, *inner] - kept).mean()), float(np.abs(np.diff(kept, axis=2)).mean())


def _finest(lines: Floats) -> float | None:
    """Return the power of lines [n, pixels] in the highest bins over that in the octave below; None of flat ones."""
    window, noise = _window()
    spectrum = np.fft.rfft((lines - lines.mean(axis=1, keepdims=True)) * window, axis=1)
    power = (spectrum.real**2 + spectrum.imag**2).mean(axis=0)
    above, below = float(power[_HIGH].mean()), float(power[_BELOW].mean())
    return above / below if below >= _ROUNDING * noise else None


def _repeated_pixels(texture: Texture, _: float) -> float | None:
    """Return how many pixels a side stand for one."""
    if min(texture.height, texture.width) < 32:
        return None
    pixels = texture.eight
    row, column = texture.height // 2, texture.width // 2
    # A short piece tells most textures; where it changes nowhere, nothing is told by it.
    if _step(pixels[row : row + 1, column : column + _AHEAD], 1, column) == 1:
        return None
    step = int(np.gcd(_step(pixels[row : row + _STRIP], 1), _step(pixels[:, column : column + _STRIP], 0)))
    if step == 0:
        return None
    for by in range(_MOST_REPEATS, 1, -1):
        if step % by == 0 and texture.height % by == 0 and texture.width % by == 0 and _is_repeated(pixels, by):
            return float(by)
    return None


def _step(strip: Bytes, axis: int, start: int = 0) -> int:
    """Return what all places divide by at which a strip of pixels changes along an axis; 0 where they are few.

    Places are counted from the texture's edge, ``start`` pixels before the strip.
    """
    lines = strip if axis == 0 else np.swapaxes(strip, 0, 1)
    differ = lines[1:] != lines[:-1]
    places = np.flatnonzero(differ.reshape(len(differ), -1).any(axis=1)) + 1 + start
    return int(np.gcd.reduce(places)) if len(places) >= _FEWEST_CHANGES else 0


def _is_repeated(pixels: Bytes, by: int) -> bool:
    height, width, bands = pixels.shape
    squares = pixels.reshape(height // by, by, width // by, by, bands)
    return bool((squares == squares[:, :1, :, :1]).all())


@lru_cache(maxsize=1)
def _window() -> tuple[Floats, float]:
    """Return Hann's window of a line, and the mean power a bin that rounding to whole levels has in it."""
    window: Floats = np.hanning(_SIDE + 2)[1:-1].astype(np.float32)
    return window, float((window * window).sum()) / 12


DETAIL: Final = (
    Check(
        "AEG411",
        "oversized",
        Severity.NOTE,
        "power of the finest detail over that of the next coarser",
        "The finest detail is missing, as in a picture that was enlarged or blurred: half the size shows the same.",
        "Store it at half its size, or find its sharp source.",
        _oversized,
        0.025,
        "power of the finest detail that is missed, over that of the next coarser",
    ),
    Check(
        "AEG412",
        "repeated-pixels",
        Severity.NOTE,
        "pixels a side that stand for one",
        "Each pixel of the picture is stored as a square of equal ones: filtering by nearest neighbour does the same.",
        "Store it in its own size, and enlarge it when it is drawn.",
        _repeated_pixels,
    ),
)

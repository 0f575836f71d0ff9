"""Whether one texture lies in another, pixel for pixel: where, and whether the rest of it is padding."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from consumer.findings.texture import Bytes, Floats

_CELLS: Final = 64
_FEWEST_ACROSS: Final = 4
_FEWEST_CELLS: Final = 64
# Levels of 255: the standard deviation of the brightness of what can be found again.
_FLAT: Final = 1.5
# Correlation of brightness: seen from afar, cells lie on other pixels in the one than in the other.
_SIMILAR_AFAR: Final = 0.7
_PATCH: Final = 64
# Root mean square of the differences of pixels, in levels and as a share of the contrast.
_LIKE: Final = 8.0
_LIKE_SHARE: Final = 0.3
_PLAIN: Final = 4.0
# A narrow rim of a soft picture is much like its edge.
_DRAWN_OUT: Final = 1.0
_INVISIBLE: Final = 8
_GROUND: Final = 128
# Of red, green and blue; alpha takes away what it lets through of the ground.
_LUMINANCE: Final = np.array([0.299, 0.587, 0.114, -_GROUND / 255], np.float32)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the upper left corner lies, in pixels."""

    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Sighting:
    """A place that is known to ``reach`` pixels in each direction."""

    about: Place
    reach: int


@dataclass(frozen=True, slots=True)
class Overview:
    """Brightness from afar: uint8 [H, W], 64 cells a side at most, each the mean of ``step`` by ``step`` pixels."""

    cells: npt.NDArray[np.uint8]
    step: int


def overview(premultiplied: Image.Image) -> Overview:
    """Return the overview of an RGBA image whose alpha was multiplied in; what is transparent counts as grey."""
    step = 1
    while max(premultiplied.size) > _CELLS * step:
        step *= 2
    seen = np.asarray(premultiplied.reduce(step), np.float32)
    return Overview(np.rint(_grey(seen)).astype(np.uint8), step)


def seen_in(part: Overview, whole: Overview) -> Sighting | None:
    """Return where ``part`` may lie in ``whole``; None where it does not, or is too small to tell."""
    if part.step > whole.step:
        return None
    cells = _smoothed(np.asarray(Image.fromarray(part.cells).reduce(whole.step // part.step)))
    # Its outermost cells know nothing of what lies around them in the other, and the last may be cut.
    inner = cells[1:-2, 1:-2]
    if min(inner.shape) < _FEWEST_ACROSS or inner.size < _FEWEST_CELLS:
        return None
    if any(one > other for one, other in zip(inner.shape, whole.cells.shape, strict=True)):
        return None
    peak = _best(inner, _smoothed(whole.cells), _SIMILAR_AFAR)
    if peak is None:
        return None
    return Sighting(Place((peak.x - 1) * whole.step, (peak.y - 1) * whole.step), 2 * whole.step)


def place_in(part: Bytes, whole: Bytes, sighting: Sighting) -> Place | None:
    """Return where the RGBA pixels of ``part`` lie in those of ``whole``, sought where it was seen.

    None where they do not lie there. Compression is allowed for, another scale is not.
    """
    height, width = part.shape[:2]
    rows, columns = whole.shape[0] - height, whole.shape[1] - width
    if rows < 0 or columns < 0:
        return None
    about, reach = sighting.about, sighting.reach
    top, bottom = max(0, about.y - reach), min(rows, about.y + reach)
    left, right = max(0, about.x - reach), min(columns, about.x + reach)
    if top > bottom or left > right:
        return None
    brightness = _brightness(part)
    corner = _most_telling(brightness)
    patch = _piece(brightness, corner)
    searched = whole[
        top + corner.y : bottom + corner.y + patch.shape[0], left + corner.x : right + corner.x + patch.shape[1]
    ]
    found = _best(patch, _brightness(searched), 0)
    if found is None:
        return None
    place = Place(left + found.x, top + found.y)
    there = whole[place.y : place.y + height, place.x : place.x + width]
    first, second = _premultiplied(part), _premultiplied(there)
    limit = min(_LIKE, _LIKE_SHARE * float(first.std(axis=(0, 1)).max()))
    return place if _root(first - second) <= limit else None


def is_padding(part: Bytes, whole: Bytes, place: Place) -> bool:
    """Tell whether ``whole`` shows nothing around ``part``: nothing visible, one colour, or its own edge drawn out."""
    height, width = part.shape[:2]
    around = np.ones(whole.shape[:2], bool)
    around[place.y : place.y + height, place.x : place.x + width] = False
    rest = whole[around]
    if int(rest[:, 3].max()) <= _INVISIBLE:
        return True
    if float(rest.astype(np.float32).std(axis=0).max()) <= _PLAIN:
        return True
    below, beside = whole.shape[0] - height - place.y, whole.shape[1] - width - place.x
    drawn_out = np.pad(part, ((place.y, below), (place.x, beside), (0, 0)), mode="edge")[around]
    return _root(drawn_out.astype(np.float32) - rest) <= _DRAWN_OUT


def _grey(premultiplied: Floats) -> Floats:
    grey: Floats = premultiplied @ _LUMINANCE + np.float32(_GROUND)
    return grey


def _brightness(pixels: Bytes) -> Floats:
    return _grey(_premultiplied(pixels))


def _premultiplied(pixels: Bytes) -> Floats:
    return np.asarray(Image.fromarray(np.ascontiguousarray(pixels)).convert("RGBa"), np.float32)


def _root(differences: Floats) -> float:
    return float(np.sqrt(np.square(differences).mean()))


def _smoothed(cells: npt.NDArray[np.uint8]) -> Floats:
    """Return every cell with a half of its neighbours, so that where the cells begin matters less."""
    padded = np.pad(cells.astype(np.float32), 1, mode="edge")
    rows = padded[:-2] + 2 * padded[1:-1] + padded[2:]
    smoothed: Floats = (rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]) / np.float32(16)
    return smoothed


def _best(part: Floats, whole: Floats, least: float) -> Place | None:
    """Return where ``part`` correlates most with ``whole``, None where that is less than ``least`` or it is flat."""
    if float(part.std()) < _FLAT:
        return None
    height, width = part.shape
    deviations = part.astype(np.float64) - float(part.mean())
    centred = whole.astype(np.float64) - float(whole.mean())
    spectrum = np.fft.rfft2(centred) * np.conj(np.fft.rfft2(deviations, centred.shape))
    rows, columns = whole.shape[0] - height + 1, whole.shape[1] - width + 1
    common = np.fft.irfft2(spectrum, centred.shape)[:rows, :columns]
    count = part.size
    variances = _sums(centred * centred, height, width) - _sums(centred, height, width) ** 2 / count
    correlation = np.where(
        variances > count * _FLAT * _FLAT / 4,
        common / np.sqrt(np.maximum(variances, _FLAT) * float(np.square(deviations).sum())),
        -1.0,
    )
    y, x = np.unravel_index(int(correlation.argmax()), correlation.shape)
    return Place(int(x), int(y)) if correlation[y, x] >= least else None


def _sums(values: npt.NDArray[np.float64], height: int, width: int) -> npt.NDArray[np.float64]:
    """Return the sum of every window of that size."""
    summed = np.pad(values.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    windows: npt.NDArray[np.float64] = (
        summed[height:, width:] - summed[:-height, width:] - summed[height:, :-width] + summed[:-height, :-width]
    )
    return windows


def _most_telling(brightness: Floats) -> Place:
    """Return the corner of the piece of 64 by 64 pixels that differs most within itself."""
    return max(_corners(brightness), key=lambda at: float(_piece(brightness, at).std()))


def _piece(brightness: Floats, at: Place) -> Floats:
    return brightness[at.y : at.y + _PATCH, at.x : at.x + _PATCH]


def _corners(brightness: Floats) -> Iterator[Place]:
    height, width = brightness.shape
    for y in range(0, max(1, height - _PATCH + 1), _PATCH // 2):
        for x in range(0, max(1, width - _PATCH + 1), _PATCH // 2):
            yield Place(x, y)

"""Normal maps packed in two channels, as games keep them where no header says so: recognised, and put back to x, y, z.

x lies in alpha and y in green, the rest being full, empty, or y once more; or x and y lie in red and green, blue being
empty, middling or full. Two channels of any other picture are hardly ever the slopes of one relief.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from consumer.imaging.picture import DecodedImage, Pixels
from consumer.imaging.texels.normals import from_xy
from consumer.imaging.whole_pixels import distance
from consumer.tagging.pixels.pixel_view import mean, share

# Looked at where this is fewer pixels than there are.
_MOST_ROWS: Final = 256
_FLAT_LEVELS: Final = 6
_SOME_ROWS: Final = 4
_CONSTANTS: Final = (0, 128, 255)
# So many of the pixels are within the circle of all directions.
_IN_CIRCLE: Final = 0.97
# A relief leans to every side alike, is not flat, and its two slopes are not one.
_MOST_LEAN: Final = 0.25
_LEAST_SPREAD: Final = 0.01
_MOST_ALIKE: Final = 0.8
# How far the slopes along one axis must change along the other as those do along the first, where the layout itself
# is that of many a picture; the islands of unwrapped models have too many edges for that.
_LEAST_RELIEF: Final = 0.3
_LEAST_SIDE: Final = 16

Plane = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


class _Layout(NamedTuple):
    """In which channels x and y are; ``is_rare`` where pictures hardly ever look so."""

    x: int
    y: int
    is_rare: bool


def as_normals(image: DecodedImage) -> DecodedImage:
    """Return the picture as x, y, z where it is a normal map packed in two channels, else as it is."""
    middle = _middle(image.pixels)
    if min(middle.shape[:2]) < _LEAST_SIDE:
        return image
    layout = _layout(middle, has_alpha=image.uses_alpha)
    if layout is None or not _are_normals(middle, layout):
        return image
    return replace(image, pixels=from_xy(image.pixels[..., layout.x], image.pixels[..., layout.y]))


def _middle(pixels: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    top, left = max(0, (height - _MOST_ROWS) // 2), max(0, (width - _MOST_ROWS) // 2)
    return pixels[top : top + _MOST_ROWS, left : left + _MOST_ROWS]


def _layout(pixels: Pixels, *, has_alpha: bool) -> _Layout | None:
    """Return where x and y could be; None where colours are colours."""
    red, green, blue = (pixels[..., place] for place in range(3))
    if not has_alpha:
        return _Layout(0, 1, is_rare=False) if _is_constant(blue) and not _is_constant(red) else None
    if _is_constant(red) and (_is_constant(blue) or _are_alike(blue, green)):
        return _Layout(3, 1, is_rare=True)
    if _are_alike(red, green) and _are_alike(blue, green):
        return _Layout(3, 1, is_rare=False)
    return None


def _is_constant(plane: Plane) -> bool:
    """Tell whether a channel says nothing; the first few pixels mostly say that it does."""
    for part in (plane[::32, ::32], plane):
        lowest, highest = int(part.min()), int(part.max())
        if not any(level - _FLAT_LEVELS <= lowest and highest <= level + _FLAT_LEVELS for level in _CONSTANTS):
            return False
    return True


def _are_alike(one: Plane, other: Plane) -> bool:
    """Tell whether two channels are one, by some of their rows."""
    return mean(distance(one[::_SOME_ROWS], other[::_SOME_ROWS])) <= _FLAT_LEVELS


def _are_normals(pixels: Pixels, layout: _Layout) -> bool:
    x, y = (pixels[..., place].astype(np.float32) / np.float32(127.5) - 1 for place in (layout.x, layout.y))
    if max(abs(mean(x)), abs(mean(y))) > _MOST_LEAN:
        return False
    square = x * x + y * y
    if share(square <= 1.02) < _IN_CIRCLE:
        return False
    if min(float(x.std()), float(y.std())) < _LEAST_SPREAD or abs(_correlation(x, y)) > _MOST_ALIKE:
        return False
    return layout.is_rare or _relief(x, y, square) >= _LEAST_RELIEF


def _relief(x: Floats, y: Floats, square: Floats) -> float:
    """Return how much two channels are the slopes of one relief, 0 to 1, whichever way y points."""
    z = np.sqrt(np.maximum(1 - square, 0.02))
    across, down = ((slope[:-1, :-1] + slope[1:, :-1] + slope[:-1, 1:] + slope[1:, 1:]) / 4 for slope in (x / z, y / z))
    across, down = np.diff(across, axis=0)[:, :-1], np.diff(down, axis=1)[:-1, :]
    power = float(np.sqrt((across * across).sum() * (down * down).sum()))
    return abs(float((across * down).sum())) / power if power else 0.0


def _correlation(x: Floats, y: Floats) -> float:
    x, y = x - x.mean(), y - y.mean()
    return float((x * y).sum() / np.sqrt((x * x).sum() * (y * y).sum()))

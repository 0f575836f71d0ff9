"""Sheets and strips: many small figures in one picture, told by the empty lines between them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from consumer.imaging.whole_pixels import is_seen
from consumer.tagging.pixels.pixel_view import Bytes, Flags

_SMALLEST_CELL: Final = 8
_MOST_CELLS_ACROSS: Final = 32
_FEWEST_FRAMES: Final = 4
# Of a sheet's cells so many hold a figure; its last row may be half empty.
_USED_CELLS: Final = 0.6
# Larger pictures are looked at by every second, third … pixel.
_LONGEST_SIDE: Final = 512
_SEEN_ALPHA: Final = 16
# Colours that stand for nothing where there is no alpha, black, white and magenta; so far from them a pixel may be.
_KEYS: Final = np.array([[0, 0, 0], [255, 255, 255], [255, 0, 255]], np.int16)
_SEEN_STEP: Final = 16
# Frames of one figure are alike; what is repeated to the pixel is a pattern.
_LEAST_LIKENESS: Final = 0.6
_MOST_LIKENESS: Final = 0.995
_SIDE_OF_FRAME: Final = 12
# A handful of figures tells what a sheet is of.
_SHOWN_CELLS: Final = 5
_NEEDED_BACKGROUND: Final = 0.1
_KEYED_BACKGROUND: Final = 0.35

Kind = Literal["single", "sheet", "strip"]


class Box(NamedTuple):
    """Left and top inside, right and bottom outside, in pixels of the picture."""

    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True, slots=True)
class Layout:
    """``cells`` are some that hold a figure, the fullest first; none for a single picture."""

    kind: Kind = "single"
    cells: tuple[Box, ...] = ()


SINGLE: Final = Layout()


def layout_of(pixels: Bytes) -> Layout:
    """Return how a picture [H, W, 3 or 4] is laid out."""
    height, width = pixels.shape[:2]
    if max(height, width) < _FEWEST_FRAMES * _SMALLEST_CELL:
        return SINGLE
    step = -(-max(height, width) // _LONGEST_SIDE)
    small = pixels[::step, ::step]
    figures = _figures(small)
    if figures is None or figures.all() or not figures.any():
        return SINGLE
    rows, columns = _parts(figures, 0), _parts(figures, 1)
    if rows * columns < _FEWEST_FRAMES:
        return SINGLE
    counts = _counts(figures, rows, columns)
    if (counts > 0).mean() < _USED_CELLS:
        return SINGLE
    order = np.argsort(-counts, axis=None, kind="stable")[: min(_SHOWN_CELLS, np.count_nonzero(counts))]
    cells = tuple(_box(int(at), rows, columns, height, width) for at in order)
    is_strip = min(rows, columns) == 1
    if is_strip and not _alike(pixels, rows, columns):
        return SINGLE
    return Layout("strip" if is_strip else "sheet", cells)


def _figures(pixels: Bytes) -> Flags | None:
    """Tell by pixel what is no background: what is visible, or differs from the key colour of all four corners."""
    if pixels.shape[2] == 4:
        seen = is_seen(pixels, _SEEN_ALPHA)
        if np.count_nonzero(seen) < (1 - _NEEDED_BACKGROUND) * seen.size:
            return seen
    colours = pixels[..., :3]
    corners = colours[[0, 0, -1, -1], [0, -1, 0, -1]].astype(np.int16)
    distances = np.abs(corners[:, None] - _KEYS).max(axis=(0, 2))
    if distances.min() > _SEEN_STEP:
        return None
    # Channel by channel, which is several times faster than over the last axis; a key's channels are empty or full.
    red, green, blue = (
        channel > _SEEN_STEP if not key else channel < key - _SEEN_STEP
        for channel, key in zip(np.moveaxis(colours, 2, 0), _KEYS[distances.argmin()].tolist(), strict=True)
    )
    differs = red | green | blue
    return None if np.count_nonzero(differs) > (1 - _KEYED_BACKGROUND) * differs.size else np.asarray(differs)


def _parts(figures: Flags, axis: int) -> int:
    """Return into how many equal parts empty lines cut the picture along an axis; 1 where there are none."""
    # As numbers, which are compared many at a time; flags are not.
    empty = np.maximum.reduce(figures.view(np.uint8), axis=1 - axis) == 0
    cuts = _cuts(figures.shape[axis])
    if cuts is None or not empty.any():
        return 1
    is_cut = empty[cuts.before] | empty[cuts.after]
    fitting = np.flatnonzero(np.logical_and.reduceat(is_cut, cuts.starts))
    return len(cuts.starts) + 1 - int(fitting[0]) if len(fitting) else 1


class _Cuts(NamedTuple):
    """Of a side cut into the most parts, one less … two: the lines before and after each cut; where each begins."""

    before: npt.NDArray[np.intp]
    after: npt.NDArray[np.intp]
    starts: npt.NDArray[np.intp]


@lru_cache(maxsize=64)
def _cuts(size: int) -> _Cuts | None:
    """Return where a side may be cut into equal parts, None where it is too short for two.

    A cut lies between two lines, and one of them is to be empty.
    """
    most = min(_MOST_CELLS_ACROSS, size // _SMALLEST_CELL)
    if most < 2:
        return None
    cuts = [np.arange(1, parts) * size / parts for parts in range(most, 1, -1)]
    places = np.concatenate(cuts)
    return _Cuts(
        np.ceil(places).astype(np.intp) - 1,
        np.minimum(np.floor(places).astype(np.intp), size - 1),
        np.cumsum([0, *map(len, cuts[:-1])]),
    )


def _counts(figures: Flags, rows: int, columns: int) -> npt.NDArray[np.int64]:
    """Return how many pixels of figures each cell has, [rows, columns]."""
    lines = np.add.reduceat(figures, np.arange(rows) * figures.shape[0] // rows, axis=0, dtype=np.int64)
    counts: npt.NDArray[np.int64] = np.add.reduceat(lines, np.arange(columns) * figures.shape[1] // columns, axis=1)
    return counts


def _box(at: int, rows: int, columns: int, height: int, width: int) -> Box:
    row, column = divmod(at, columns)
    return Box(
        column * width // columns,
        row * height // rows,
        (column + 1) * width // columns,
        (row + 1) * height // rows,
    )


def _alike(pixels: Bytes, rows: int, columns: int) -> bool:
    """Tell whether each frame resembles the next, as frames of one animation do."""
    height, width = pixels.shape[:2]
    frames = [_frame(pixels, _box(at, rows, columns, height, width)) for at in range(rows * columns)]
    likeness = [_correlation(one, other) for one, other in pairwise(frames)]
    return bool(_LEAST_LIKENESS <= np.mean(likeness) <= _MOST_LIKENESS)


def _frame(pixels: Bytes, box: Box) -> npt.NDArray[np.float32]:
    """Return a frame's light, transparent pixels dark, at a few places."""
    down = np.linspace(box.top, box.bottom - 1, _SIDE_OF_FRAME).astype(int)
    across = np.linspace(box.left, box.right - 1, _SIDE_OF_FRAME).astype(int)
    cut = pixels[np.ix_(down, across)].astype(np.float32)
    light: npt.NDArray[np.float32] = cut[..., :3].mean(axis=2)
    if pixels.shape[2] == 4:
        light = light * cut[..., 3] / 255 + cut[..., 3]
    return light


def _correlation(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> float:
    first, second = one - one.mean(), other - other.mean()
    power = float(np.sqrt((first**2).sum() * (second**2).sum()))
    return float((first * second).sum()) / power if power > 1 else 0.0

"""Pixels as one number or item each, and steps between bytes: several times as fast as numpy is byte by byte."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]

# By the number of bands.
_ONE: Final[Mapping[int, np.dtype[Any]]] = {
    1: np.dtype(np.uint8),
    2: np.dtype(np.uint16),
    3: np.dtype((np.void, 3)),
    4: np.dtype(np.uint32),
}


def every(step: int, pixels: Bytes) -> Bytes:
    """Return every ``step``-th pixel of every ``step``-th row of [H, W, bands], contiguous.

    They are those in the middle of blocks of ``step`` by ``step``; of a side that is shorter than half a block, the
    last.
    """
    height, width, bands = pixels.shape
    top, left = min(step // 2, height - 1), min(step // 2, width - 1)
    picked = np.ascontiguousarray(_whole(pixels)[top::step, left::step])
    return picked.view(np.uint8).reshape(*picked.shape, bands)


def is_seen(pixels: Bytes, least_alpha: int) -> Flags:
    """Tell by pixel, [H, W], where the last of two or four bands is ``least_alpha`` or more."""
    if pixels.shape[2] == 4 and sys.byteorder == "little":
        # Alpha is the highest byte of four.
        return np.asarray(_whole(pixels) >= np.uint32(least_alpha << 24))
    return np.asarray(pixels[..., -1] >= least_alpha)


def all_alpha(pixels: Bytes, operation: np.ufunc) -> int:
    """Return the last of two or four bands of all pixels, put together bit by bit."""
    if pixels.shape[2] == 2:
        return int(operation.reduce(pixels[..., 1], axis=None))
    return int(operation.reduce(_whole(pixels), axis=None)).to_bytes(4, sys.byteorder)[3]


def distance(one: Bytes, other: Bytes) -> Bytes:
    """Return by how much bytes differ, as bytes."""
    apart: Bytes = np.maximum(one, other)
    apart -= np.minimum(one, other)
    return apart


def _whole(pixels: Bytes) -> npt.NDArray[Any]:
    whole: npt.NDArray[Any] = np.ascontiguousarray(pixels).view(_ONE[pixels.shape[2]])[..., 0]
    return whole

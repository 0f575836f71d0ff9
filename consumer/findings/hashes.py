"""A perceptual hash of a texture (DCT, 64 bits), and those of the texture turned: near ones are worth a comparison."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from consumer.findings.signature import SIDE, Signature
from consumer.findings.texture import Floats

Hashes = npt.NDArray[np.uint64]
_LOW: Final = 8
_LUMINANCE: Final = np.array([0.299, 0.587, 0.114], np.float32)
_GROUND: Final = 128
# Levels of 255: the signs of less are noise.
_FLAT: Final = 1.0
_WEIGHTS: Final = np.uint64(1) << np.arange(64, dtype=np.uint64)


def _cosines() -> Floats:
    at = (np.arange(SIDE) + 0.5) * np.pi / SIDE
    waves: Floats = np.cos(np.outer(np.arange(_LOW), at)).astype(np.float32)
    return waves


_COSINES: Final = _cosines()


def hashes(item: Signature) -> Hashes:
    """Return the hash of what the texture shows and that of the colours that it stores, without those that are flat."""
    return np.array([_hash(plane) for plane in _planes(item)], np.uint64)


def turned_hashes(item: Signature) -> Hashes:
    """Return the hashes of the texture as it is, in a mirror, and on each side."""
    return np.array(
        [
            _hash(np.rot90(mirrored, turns))
            for plane in _planes(item)
            for mirrored in (plane, np.fliplr(plane))
            for turns in range(4)
        ],
        np.uint64,
    )


def _planes(item: Signature) -> list[Floats]:
    shown = item.colours @ _LUMINANCE + (255 - item.alpha) * np.float32(_GROUND / 255)
    stored = item.stored.astype(np.float32) @ _LUMINANCE
    return [plane for plane in (shown, stored) if float(plane.std()) >= _FLAT]


def _hash(plane: Floats) -> np.uint64:
    """Return which of the lowest frequencies are above their median; the mean brightness counts as nothing."""
    low = (_COSINES @ plane @ _COSINES.T).ravel()
    low[0] = 0
    return np.uint64(_WEIGHTS[low > np.median(low)].sum())

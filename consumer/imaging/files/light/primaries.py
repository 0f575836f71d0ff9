"""Light of other primaries, as a file names them by their chromaticities, to the primaries of sRGB."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from consumer.imaging.picture import Samples

# x and y of red, green, blue and white.
SRGB: Final = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, 0.3127, 0.3290)
_SAME: Final = 0.002
# How the eye's cones see CIE XYZ, after Bradford: white stays white when it is moved in their terms.
_BRADFORD: Final = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


def in_srgb(light: Samples, chromaticities: Sequence[float]) -> Samples:
    """Return linear colours [H, W, 3] of these eight chromaticities in the primaries of sRGB, white as white.

    They stay as they are where the numbers make no colours, or are sRGB's own.
    """
    if len(chromaticities) != len(SRGB) or np.allclose(chromaticities, SRGB, atol=_SAME):
        return light
    try:
        matrix = np.linalg.inv(_to_xyz(SRGB)) @ _moved(chromaticities) @ _to_xyz(chromaticities)
    except (np.linalg.LinAlgError, ZeroDivisionError):
        return light
    if not np.isfinite(matrix).all():
        return light
    moved: Samples = light @ matrix.T.astype(np.float32)
    return moved


def _xyz(x: float, y: float) -> Samples:
    return np.array([x / y, 1, (1 - x - y) / y])


def _to_xyz(chromaticities: Sequence[float]) -> Samples:
    primaries = np.stack([_xyz(*chromaticities[at : at + 2]) for at in (0, 2, 4)], axis=1)
    matrix: Samples = primaries * np.linalg.solve(primaries, _xyz(*chromaticities[6:]))
    return matrix


def _moved(chromaticities: Sequence[float]) -> Samples:
    """Return what moves their white to that of sRGB."""
    there, here = (_BRADFORD @ _xyz(*white[6:]) for white in (chromaticities, SRGB))
    matrix: Samples = np.linalg.inv(_BRADFORD) @ np.diag(here / there) @ _BRADFORD
    return matrix

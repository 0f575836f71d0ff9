"""Which way the green channel of a normal map points, told by the map alone.

A height field's mixed derivatives are equal: the slope along x changes along y as the slope along y does along x. So
the sign of the correlation of the two tells whether green points up (OpenGL) or down (DirectX).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from consumer.findings.texture import Floats

# Slopes steeper than this are where quantisation and wrapped-around islands speak, not the surface.
_LEAST_Z: Final = 0.15
_SCALES: Final = 3


def convention(x: Floats, y: Floats, z: Floats) -> float:
    """Return -1 to 1 for directions [H, W] each: above 0 as OpenGL has it, below 0 as DirectX; near 0 nobody knows.

    It is 0 for maps of fewer than 8 pixels a side, and for those that lean nowhere.
    """
    steep = np.maximum(z, np.float32(_LEAST_Z))
    across: Floats = np.divide(x, steep, dtype=np.float32)
    down: Floats = np.divide(y, steep, dtype=np.float32)
    together = first_power = second_power = 0.0
    for _ in range(_SCALES):
        if min(across.shape) < 8:
            break
        first, second = _mixed(across, down)
        # Blocks of compressed formats and rounding spoil the finest scale: each one counts by its own power.
        together += float(np.vdot(first, second))
        first_power += float(np.vdot(first, first))
        second_power += float(np.vdot(second, second))
        across, down = _halved(across), _halved(down)
    power = np.sqrt(first_power * second_power)
    return -together / float(power) if power > 0 else 0.0


def _mixed(across: Floats, down: Floats) -> tuple[Floats, Floats]:
    """Return how the slope along x changes along y, and the other way round, both around the middle of 3 by 3."""
    first = across[2:] - across[:-2]
    second = down[:, 2:] - down[:, :-2]
    smooth_first: Floats = first[:, :-2] + 2 * first[:, 1:-1] + first[:, 2:]
    smooth_second: Floats = second[:-2] + 2 * second[1:-1] + second[2:]
    return smooth_first, smooth_second


def _halved(plane: Floats) -> Floats:
    height, width = plane.shape[0] // 2 * 2, plane.shape[1] // 2 * 2
    even = plane[:height, :width]
    halved: Floats = even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]
    halved *= np.float32(0.25)
    return halved

"""Normal maps as textures keep them, two of three coordinates, to the x, y, z that people and models know."""

from __future__ import annotations

import numpy as np

from consumer.imaging.picture import Pixels, Samples


def from_xy(x: Samples, y: Samples) -> Pixels:
    """Return x, y and the z that makes them a direction of length 1, as RGB; x and y are levels of 8 bits."""
    right, up = (plane.astype(np.float32) * np.float32(2 / 255) - 1 for plane in (x, y))
    forward = np.sqrt((1 - right * right - up * up).clip(0, None))
    z = (forward * np.float32(127.5) + 128).clip(0, 255).astype(np.uint8)
    return np.stack([x, y, z], axis=-1)

"""Colours that were multiplied by their alpha, and alpha that means nothing."""

from __future__ import annotations

import numpy as np

from consumer.imaging.picture import Samples


def straight(pixels: Samples) -> Samples:
    """Return RGBA whose colours are divided by their alpha; those that nobody sees stay as they are."""
    alpha = pixels[..., 3:].astype(np.uint16)
    visible = np.where(alpha, alpha, np.uint16(255))
    colours = (pixels[..., :3].astype(np.uint16) * 255 + visible // 2) // visible
    return np.concatenate([colours.clip(0, 255).astype(np.uint8), pixels[..., 3:]], axis=-1)

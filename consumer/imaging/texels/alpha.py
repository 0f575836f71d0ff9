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


def without_white(pixels: Samples) -> Samples:
    """Return grey or colours with alpha as they were before they were blended with white; others as they are."""
    if pixels.dtype != np.uint8 or pixels.shape[2] not in {2, 4}:
        return pixels
    alpha = pixels[..., -1:].astype(np.int32)
    visible = np.where(alpha, alpha, 255)
    white = np.where(alpha, 255 - alpha, 0)
    colours = ((pixels[..., :-1] - white) * 255 + visible // 2) // visible
    return np.concatenate([colours.clip(0, 255).astype(np.uint8), pixels[..., -1:]], axis=-1)

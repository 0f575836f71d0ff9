"""Pictures of any depth as RGBA of 8 bits, to be compared."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from consumer.imaging.picture import Pixels, Samples, to_eight_bits


def as_rgba(pixels: Samples) -> Pixels:
    """Return pixels, [H, W, bands] of 8 or 16 bits, as RGBA; what has no alpha is opaque."""
    eight = to_eight_bits(pixels) if pixels.dtype == np.uint16 else pixels
    height, width, bands = eight.shape
    whole = np.full((height, width, 4), 255, np.uint8)
    whole[..., :3] = eight[..., : 3 if bands >= 3 else 1]
    if bands in {2, 4}:
        whole[..., 3] = eight[..., -1]
    return whole


def png(path: Path) -> Pixels:
    with Image.open(path) as image:
        samples = np.asarray(image.convert("RGBA") if image.mode == "P" else image)
    return as_rgba(samples if samples.ndim == 3 else samples[..., None])


def distance(one: Samples, other: Samples) -> int:
    """Return by how many levels the most different channel of two pictures of one size differs."""
    return int(np.abs(one.astype(np.int16) - other.astype(np.int16)).max(initial=0))

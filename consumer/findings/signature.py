"""A texture made small, so that it can be compared with many others."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from PIL import Image

from consumer.findings.part import Overview, overview
from consumer.findings.texture import Bytes, Floats

SIDE: Final = 32
# Pixels a side from which on they are put together first.
_ENOUGH: Final = 128


@dataclass(frozen=True, slots=True)
class Signature:
    """A texture made small: ``colours`` float32 [32, 32, 3] and ``alpha`` [32, 32], 0 to 255; ``digest`` of its pixels.

    ``size`` is (width, height). Colours of what is transparent count as nothing in ``colours``, and as what they are in
    ``stored``, uint8 [32, 32, 3]. In the ``overview`` parts are sought.
    """

    size: tuple[int, int]
    colours: Floats
    alpha: Floats
    stored: Bytes
    digest: bytes
    overview: Overview

    @property
    def contrast(self) -> float:
        return float(self.colours.std(axis=(0, 1)).max())


def signature(pixels: Bytes, digest: bytes) -> Signature:
    """Return the signature of RGB or RGBA pixels, uint8 [H, W, bands]; ``digest`` tells equal pixels from others."""
    height, width = pixels.shape[:2]
    image = Image.fromarray(pixels).convert("RGBA")
    # Premultiplied while it is made smaller: what is behind transparency would bleed.
    premultiplied = image.convert("RGBa")
    small = _small(premultiplied)
    stored = np.rint(_small(image.convert("RGB"))).astype(np.uint8)
    return Signature((width, height), small[..., :3], small[..., 3], stored, digest, overview(premultiplied))


def _small(image: Image.Image) -> Floats:
    """Return the mean of every cell, those pixels counting in part that lie in two: so all sizes give the same."""
    steps = max(1, image.width // _ENOUGH), max(1, image.height // _ENOUGH)
    pixels = np.asarray(image.reduce(steps), np.float32)
    height, width, bands = pixels.shape
    rows = _shares(image.height, steps[1]) @ pixels.reshape(height, -1)
    cells = rows.reshape(SIDE, width, bands).transpose(0, 2, 1) @ _shares(image.width, steps[0]).T
    small: Floats = cells.transpose(0, 2, 1).astype(np.float32, copy=False)
    return small


@lru_cache(maxsize=256)
def _shares(side: int, step: int) -> Floats:
    """Return how much of every cell lies in each ``step`` pixels of a side, [32, side / step]."""
    borders = np.linspace(0, side, SIDE + 1)
    starts = np.arange(0, side, step)
    common = np.minimum(borders[1:, None], np.minimum(starts + step, side)) - np.maximum(borders[:-1, None], starts)
    shares: Floats = (np.maximum(common, 0) * (SIDE / side)).astype(np.float32)
    return shares

"""From premultiplied pixels to the square the network sees: the product's rule, and random views for training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]
GROUND: Final = 128
# Longest sides of icons and pixel art. Few games have any, so that drawings of every kind are shrunk to them.
_TINY: Final = (12, 41)


def composite(pixels: Pixels, ground: int = GROUND) -> Pixels:
    """Put premultiplied [..., 4] on a grey ground; return [..., 3]."""
    clear = 255 - pixels[..., 3:].astype(np.int32)
    return (pixels[..., :3] + (ground * clear + 127) // 255).clip(0, 255).astype(np.uint8)


def square(
    pixels: Pixels,
    size: int,
    *,
    longest: int | None = None,
    place: tuple[float, float] = (0.5, 0.5),
    nearest: bool | None = None,
) -> Pixels:
    """Scale the longest side to `longest` (or `size`) and lay it on a clear [size, size, 4].

    `place` says where, down and right, 0 to 1. Art that grows at least twofold is enlarged by nearest
    neighbour, as the product does, unless `nearest` decides.
    """
    height, width = pixels.shape[:2]
    scale = (longest or size) / max(height, width)
    target = (max(1, round(width * scale)), max(1, round(height * scale)))
    resized = _resized(pixels, target, nearest=scale >= 2 if nearest is None else nearest)
    top, left = round(place[0] * (size - target[1])), round(place[1] * (size - target[0]))
    laid = np.zeros((size, size, 4), np.uint8)
    laid[top : top + target[1], left : left + target[0]] = resized
    return laid


def served(pixels: Pixels, size: int) -> Pixels:
    """Return what the product would feed the network, [size, size, 3]."""
    return composite(square(pixels, size))


def as_icon(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Shrink premultiplied [h, w, 4] to the size of an icon; what is smaller stays as it is."""
    height, width = pixels.shape[:2]
    scale = int(rng.integers(*_TINY)) / max(height, width)
    if scale >= 1:
        return pixels
    return _resized(pixels, (max(1, round(width * scale)), max(1, round(height * scale))), nearest=False)


@dataclass(frozen=True, slots=True)
class View:
    """Random framings for training, so that no game's habits of framing are learned; fields are probabilities."""

    size: int
    trim: float = 0.15
    crop: float = 0.65
    turn: float = 0.05
    mirror: float = 0.5
    upside_down: float = 0.05
    coarser: float = 0.2
    smaller: float = 0.4

    def __call__(self, pixels: Pixels, rng: np.random.Generator) -> Pixels:
        """Return one random premultiplied [size, size, 4] of premultiplied [h, w, 4]."""
        if rng.random() < self.trim:
            pixels = _trimmed(pixels)
        if rng.random() < self.crop:
            pixels = _cropped(pixels, rng)
        if rng.random() < self.turn:
            pixels = np.rot90(pixels, int(rng.integers(1, 4)))
        if rng.random() < self.mirror:
            pixels = pixels[:, ::-1]
        if rng.random() < self.upside_down:
            pixels = pixels[::-1]
        if rng.random() < self.coarser and max(pixels.shape[:2]) > self.size // 2:
            # Small originals have lost resolution already.
            factor = rng.uniform(0.3, 0.9)
            height, width = pixels.shape[:2]
            target = (max(1, round(width * factor)), max(1, round(height * factor)))
            pixels = _resized(pixels, target, nearest=False)
        nearest = None if rng.random() < 0.8 else bool(rng.random() < 0.5 and max(pixels.shape[:2]) < self.size)
        if rng.random() >= self.smaller:
            return square(pixels, self.size, nearest=nearest)
        longest = int(rng.integers(int(self.size * 0.55), self.size + 1))
        return square(pixels, self.size, longest=longest, place=(rng.random(), rng.random()), nearest=nearest)


def _resized(pixels: Pixels, target: tuple[int, int], *, nearest: bool) -> Pixels:
    height, width = pixels.shape[:2]
    # RGBX: Pillow's own RGBA would multiply by alpha once more.
    image = Image.frombuffer("RGBX", (width, height), np.ascontiguousarray(pixels).tobytes(), "raw", "RGBX", 0, 1)
    return np.asarray(image.resize(target, Image.Resampling.NEAREST if nearest else Image.Resampling.BICUBIC))


def _trimmed(pixels: Pixels) -> Pixels:
    """Cut off the clear border, if there is one."""
    visible = pixels[..., 3] > 0
    rows, columns = np.flatnonzero(visible.any(axis=1)), np.flatnonzero(visible.any(axis=0))
    if not len(rows):
        return pixels
    return pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _cropped(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    height, width = pixels.shape[:2]
    area, ratio = rng.uniform(0.5, 1.0), np.exp(rng.uniform(-0.3, 0.3))
    crop_h = int(np.clip(round(height * np.sqrt(area) * ratio), 1, height))
    crop_w = int(np.clip(round(width * np.sqrt(area) / ratio), 1, width))
    top, left = int(rng.integers(0, height - crop_h + 1)), int(rng.integers(0, width - crop_w + 1))
    return pixels[top : top + crop_h, left : left + crop_w]

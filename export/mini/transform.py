"""From premultiplied pixels to the square the network sees: the product's rule, and random variants for training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageFilter

Pixels = NDArray[np.uint8]
GROUND: Final = (128, 128, 128)


def composite(pixels: Pixels, ground: Pixels | tuple[int, int, int]) -> Pixels:
    """Put premultiplied [h, w, 4] on `ground` (one colour, or [h, w, 3]); return [h, w, 3]."""
    clear = 255 - pixels[..., 3:].astype(np.uint16)
    back = np.asarray(ground, np.uint16)
    return (pixels[..., :3] + (back * clear + 127) // 255).clip(0, 255).astype(np.uint8)


def fit(rgb: Pixels, size: int, ground: tuple[int, int, int], *, nearest: bool | None = None) -> Pixels:
    """Scale the longest side to `size` and pad to a square; art of half that size or less is enlarged by nearest."""
    height, width = rgb.shape[:2]
    scale = size / max(height, width)
    use_nearest = scale >= 2 if nearest is None else nearest
    target = (max(1, round(width * scale)), max(1, round(height * scale)))
    method = Image.Resampling.NEAREST if use_nearest else Image.Resampling.BICUBIC
    resized = np.asarray(Image.fromarray(rgb).resize(target, method))
    square = np.empty((size, size, 3), np.uint8)
    square[:] = ground
    top, left = (size - target[1]) // 2, (size - target[0]) // 2
    square[top : top + target[1], left : left + target[0]] = resized
    return square


def served(pixels: Pixels, size: int, ground: tuple[int, int, int] = GROUND) -> Pixels:
    """Return what the product would feed the network."""
    return fit(composite(pixels, ground), size, ground)


@dataclass(frozen=True, slots=True)
class Augment:
    """Random views for training: other grounds, crops, zooms, flips, colours, so that no game's habits are learned."""

    size: int
    flip: float = 0.5

    def __call__(self, pixels: Pixels, rng: np.random.Generator) -> Pixels:
        """Return one random [size, size, 3] view."""
        ground = self._ground(rng)
        view = _crop(pixels, rng)
        if rng.random() < 0.08:
            view = np.ascontiguousarray(np.rot90(view, int(rng.integers(1, 4))))
        if rng.random() < self.flip:
            view = view[:, ::-1]
        if rng.random() < 0.1:
            view = view[::-1]
        rgb = np.ascontiguousarray(composite(np.ascontiguousarray(view), ground))
        rgb = _rescale(rgb, self.size, rng)
        nearest = None if rng.random() < 0.7 else bool(rng.random() < 0.5 and max(rgb.shape[:2]) < self.size)
        inner = self.size if rng.random() < 0.6 else int(rng.integers(int(self.size * 0.55), self.size + 1))
        square = fit(rgb, inner, ground, nearest=nearest)
        if inner < self.size:
            square = _place(square, self.size, ground, rng)
        return _colours(square, rng)

    @staticmethod
    def _ground(rng: np.random.Generator) -> tuple[int, int, int]:
        kind = rng.random()
        if kind < 0.4:
            return GROUND
        if kind < 0.7:
            grey = int(rng.integers(0, 256))
            return (grey, grey, grey)
        red, green, blue = (int(value) for value in rng.integers(0, 256, 3))
        return (red, green, blue)


def _crop(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    if rng.random() < 0.35:
        return pixels
    height, width = pixels.shape[:2]
    area = rng.uniform(0.5, 1.0)
    ratio = np.exp(rng.uniform(-0.3, 0.3))
    crop_h = int(np.clip(round(height * np.sqrt(area) * ratio), 1, height))
    crop_w = int(np.clip(round(width * np.sqrt(area) / ratio), 1, width))
    top, left = int(rng.integers(0, height - crop_h + 1)), int(rng.integers(0, width - crop_w + 1))
    return pixels[top : top + crop_h, left : left + crop_w]


def _rescale(rgb: Pixels, size: int, rng: np.random.Generator) -> Pixels:
    """Sometimes lose resolution, as small originals have."""
    if rng.random() > 0.2 or max(rgb.shape[:2]) < size // 2:
        return rgb
    factor = rng.uniform(0.3, 0.9)
    height, width = rgb.shape[:2]
    target = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.asarray(Image.fromarray(rgb).resize(target, Image.Resampling.BILINEAR))


def _place(square: Pixels, size: int, ground: tuple[int, int, int], rng: np.random.Generator) -> Pixels:
    inner = square.shape[0]
    canvas = np.empty((size, size, 3), np.uint8)
    canvas[:] = ground
    top, left = (int(value) for value in rng.integers(0, size - inner + 1, 2))
    canvas[top : top + inner, left : left + inner] = square
    return canvas


def _colours(square: Pixels, rng: np.random.Generator) -> Pixels:
    image = Image.fromarray(square)
    for enhancer, spread in ((ImageEnhance.Brightness, 0.4), (ImageEnhance.Contrast, 0.4), (ImageEnhance.Color, 0.6)):
        if rng.random() < 0.6:
            image = enhancer(image).enhance(rng.uniform(1 - spread, 1 + spread))
    if rng.random() < 0.1:
        image = image.convert("L").convert("RGB")
    if rng.random() < 0.1:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.2)))
    result = np.asarray(image)
    if rng.random() < 0.3:
        tint = rng.uniform(0.75, 1.25, 3)
        result = (result * tint).clip(0, 255).astype(np.uint8)
    if rng.random() < 0.15:
        result = _mixed_channels(result, rng)
    return result


def _mixed_channels(rgb: Pixels, rng: np.random.Generator) -> Pixels:
    """Turn the colours: another palette on the same drawing."""
    mix = np.eye(3) + rng.normal(0, 0.25, (3, 3)) if rng.random() < 0.6 else np.eye(3)[rng.permutation(3)]
    mix /= np.maximum(mix.sum(axis=1, keepdims=True), 0.5)
    return (rgb.astype(np.float32) @ mix.T.astype(np.float32)).clip(0, 255).astype(np.uint8)

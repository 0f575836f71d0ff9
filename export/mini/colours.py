"""Other colours for the same drawings: a game's palette must not be what its things are known by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from export.mini.transform import GROUND, Pixels

Floats = NDArray[np.float32]
_LUMA: Final = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True, slots=True)
class Recolour:
    """Random colours and grounds for a batch; fields are probabilities."""

    mix: float = 0.2
    hue: float = 0.15
    saturation: float = 0.6
    grey: float = 0.2
    tint: float = 0.3
    brightness: float = 0.6
    contrast: float = 0.6
    other_ground: float = 0.6
    blur: float = 0.1

    def __call__(self, squares: Pixels, rng: np.random.Generator) -> Pixels:
        """Turn premultiplied [N, S, S, 4] into [N, S, S, 3]: the drawing recoloured, then put on a ground."""
        pixels = squares.astype(np.float32) / 255
        alpha, rgb = pixels[..., 3:], pixels[..., :3]
        means = rgb.sum(axis=(1, 2)) / np.maximum(alpha.sum(axis=(1, 2)), 1e-3)
        maps = [self._colour_map(mean, rng) for mean in means]
        matrices, offsets = np.stack([one for one, _ in maps]), np.array([other for _, other in maps], np.float32)
        changed = np.einsum("nhwc,ndc->nhwd", rgb, matrices, optimize=True) + offsets[:, None, None, None] * alpha
        grounds = np.stack([self._ground(rng) for _ in squares])[:, None, None]
        result: Pixels = ((changed.clip(0, 1) + grounds * (1 - alpha)) * 255).clip(0, 255).astype(np.uint8)
        for at in np.flatnonzero(rng.random(len(result)) < self.blur):
            image = Image.fromarray(result[at]).filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.2)))
            result[at] = np.asarray(image)
        return result

    def _colour_map(self, mean: Floats, rng: np.random.Generator) -> tuple[Floats, float]:
        """Return a matrix [3, 3] and an offset: colour times matrix plus offset, for a drawing of this mean."""
        matrix, offset = np.eye(3), 0.0
        if rng.random() < self.mix:
            matrix = _mixed_channels(rng) @ matrix
        if rng.random() < self.hue:
            matrix = _turned_hue(rng.uniform(-np.pi, np.pi)) @ matrix
        if rng.random() < self.saturation:
            kept = rng.uniform(0.4, 1.6)
            matrix = (kept * np.eye(3) + (1 - kept) * np.tile(_LUMA, (3, 1))) @ matrix
        elif rng.random() < self.grey:
            matrix = np.tile(_LUMA, (3, 1)) @ matrix
        if rng.random() < self.tint:
            matrix = np.diag(rng.uniform(0.75, 1.25, 3)) @ matrix
        if rng.random() < self.brightness:
            matrix = matrix * rng.uniform(0.6, 1.4)
        if rng.random() < self.contrast:
            factor = rng.uniform(0.6, 1.4)
            offset = float((matrix @ mean).mean()) * (1 - factor)
            matrix = matrix * factor
        return matrix.astype(np.float32), offset

    def _ground(self, rng: np.random.Generator) -> Floats:
        if rng.random() >= self.other_ground:
            return np.full(3, GROUND / 255, np.float32)
        grey = rng.random() < 0.5
        return np.full(3, rng.random(), np.float32) if grey else rng.random(3, dtype=np.float32)


def _mixed_channels(rng: np.random.Generator) -> NDArray[np.float64]:
    if rng.random() >= 0.6:
        return np.eye(3)[rng.permutation(3)]
    mix = np.eye(3) + rng.normal(0, 0.25, (3, 3))
    whole: NDArray[np.float64] = mix / np.maximum(mix.sum(axis=1, keepdims=True), 0.5)
    return whole


def _turned_hue(angle: float) -> NDArray[np.float64]:
    """Return the rotation about the grey axis."""
    cos, sin = np.cos(angle), np.sin(angle) / np.sqrt(3)
    third = (1 - cos) / 3
    return np.array(
        [
            [cos + third, third - sin, third + sin],
            [third + sin, cos + third, third - sin],
            [third - sin, third + sin, cos + third],
        ]
    )

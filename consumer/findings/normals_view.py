"""A texture's colours as directions, and whether they are meant so."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from consumer.findings.convention import convention
from consumer.findings.texture import Bytes, Flags, Floats, Texture, share

_LARGEST_SIDE: Final = 96
# What unwrapped textures leave black between their islands has no direction.
_UNPAINTED: Final = 12
_FEWEST: Final = 64
# Blue from which on z is above zero.
_UPWARDS: Final = 128
_CLEARLY: Final = 0.4
# Normal maps keep heights or gloss in alpha, which are seldom nothing over so much of them.
_CUT_OUT: Final = 0.25


@dataclass(frozen=True)
class NormalsView:
    """``layout`` is "xyz", "xy" (blue holds nothing, z follows from x and y) or None where there are no normals."""

    texture: Texture

    @cached_property
    def layout(self) -> str | None:
        pixels = self.texture.scattered
        if pixels.shape[2] < 3 or self.texture.height * self.texture.width < _FEWEST:
            return None
        some = pixels[:: max(1, len(pixels) // 16), ::2, :3].astype(np.float32).reshape(-1, 3)
        # A product adds up twice as fast as a sum along few columns does, and whole numbers exactly.
        means = (np.ones(len(some), np.float32) @ some) / np.float32(len(some))
        said = self.texture.facts.usage == "normal_map"
        if not said and self._is_cut_out(pixels):
            return None
        blue = pixels[..., 2]
        if (blue[0, 0] <= 2 or blue[0, 0] >= 253) and int(blue.max()) - int(blue.min()) <= 2:
            return "xy" if self._is_packed(pixels, means) else "xyz" if self._is_level(pixels) else None
        # Most pictures are told apart by their mean: blue stands out where surfaces look upwards.
        leaning = means[2] < 150 or not 70 < means[0] < 185 or not 70 < means[1] < 185
        if leaning and not said and share(self._scattered_painted) > 0.97:
            return None
        return "xyz" if self._is_like_normals(pixels, said) else None

    @cached_property
    def lengths(self) -> Floats:
        """How long the painted directions are, [N], of those scattered over the texture."""
        return self._lengths()[0]

    @cached_property
    def _scattered_painted(self) -> Flags:
        return _painted(self.texture.scattered)

    @cached_property
    def correlation(self) -> float:
        """What :func:`convention` says of the middle, 0 for what is no normal map."""
        return self._correlation(self.layout or "")

    def _correlation(self, layout: str) -> float:
        if layout not in {"xyz", "xy"}:
            return 0.0
        pixels = _middle(self.texture.eight)
        x, y, z = (pixels[..., band].astype(np.float32) * np.float32(1 / 127.5) - np.float32(1) for band in range(3))
        if layout == "xy":
            z = np.sqrt(np.maximum(1 - x * x - y * y, 0))
        else:
            painted = _painted(pixels)
            x, y = x * painted, y * painted
        return convention(x, y, z)

    def _is_cut_out(self, pixels: Bytes) -> bool:
        """Tell sprites: glows are as blue as directions are, and most of their pixels are hidden."""
        return self.texture.bands == 4 and share(pixels[..., 3] == 0) > _CUT_OUT

    def _is_packed(self, pixels: Bytes, means: Floats) -> bool:
        x, y = (pixels[..., band].astype(np.float32) / np.float32(127.5) - 1 for band in (0, 1))
        centred = np.abs(means[:2] - 127.5).max() < 25
        short = share(x * x + y * y <= 1.05) > 0.98
        leaning = float(x.std()) > 0.02 and float(y.std()) > 0.02
        if not (centred and short and leaning):
            return False
        return self.texture.facts.usage == "normal_map" or abs(self._correlation("xy")) > _CLEARLY

    def _is_level(self, pixels: Bytes) -> bool:
        """Tell a surface that leans nowhere: the one colour of all flat normal maps."""
        level = (np.abs(pixels[..., :2].astype(np.int16) - 128) <= 2).all(axis=-1) & (pixels[..., 2] >= 250)
        return share(level) > 0.98

    def _is_like_normals(self, pixels: Bytes, said: bool) -> bool:
        painted = self._scattered_painted
        count = int(np.count_nonzero(painted))
        if count < max(_FEWEST, painted.size // 8):
            return False
        # Told of most pictures, before anything is computed of them.
        if np.count_nonzero((pixels[..., 2] >= _UPWARDS) & painted) / count <= 0.97:
            return False
        lengths, (x, y, z) = self._lengths()
        if max(abs(float(x.mean())), abs(float(y.mean()))) >= 0.3 or float(z.mean()) < 0.4:
            return False
        if share(np.abs(lengths - 1) < 0.12) > 0.9:
            return True
        near = share(np.abs(lengths - 1) < 0.45) > 0.9
        return near and (said or abs(self._correlation("xyz")) > _CLEARLY)

    def _lengths(self) -> tuple[Floats, tuple[Floats, Floats, Floats]]:
        pixels, painted = self.texture.scattered, self._scattered_painted
        chosen = slice(None) if painted.all() else painted
        x, y, z = (
            pixels[..., band][chosen].ravel().astype(np.float32) * np.float32(1 / 127.5) - np.float32(1)
            for band in range(3)
        )
        lengths: Floats = np.sqrt(x * x + y * y + z * z)
        return lengths, (x, y, z)


def _painted(pixels: Bytes) -> Flags:
    """Tell what is more than the black between islands; channel by channel, which is what numpy is fast on."""
    painted: Flags = np.maximum(np.maximum(pixels[..., 0], pixels[..., 1]), pixels[..., 2]) > _UNPAINTED
    return painted


def _middle(pixels: Bytes) -> Bytes:
    height, width = pixels.shape[:2]
    top, left = max(0, (height - _LARGEST_SIDE) // 2), max(0, (width - _LARGEST_SIDE) // 2)
    return pixels[top : top + _LARGEST_SIDE, left : left + _LARGEST_SIDE]

"""Normal maps of known convention, made from real textures: their brightness is taken for a height."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Final

import etcpak
import numpy as np
import numpy.typing as npt
from PIL import Image

from benchmarks.findings.sources import Pixels, Rng
from consumer.imaging.texels import blocks

Floats = npt.NDArray[np.float32]


def normal_map(surface: Pixels, rng: Rng, *, opengl: bool) -> Pixels:
    """Return directions of the surface's brightness, between flat and steep, uint8 [H, W, 3]."""
    height = surface.astype(np.float32).mean(axis=2) / 255 * float(rng.uniform(1, 6))
    down, across = np.gradient(height)
    up = down if opengl else -down
    directions = np.dstack([-across, up, np.ones_like(height)])
    directions /= np.linalg.norm(directions, axis=2, keepdims=True)
    return in_bytes(directions)


def in_bytes(directions: Floats) -> Pixels:
    bytes_: Pixels = np.clip(directions * 127.5 + 128, 0, 255).astype(np.uint8)
    return bytes_


def _as_is(pixels: Pixels) -> Pixels:
    return pixels


def _jpeg(quality: int) -> Callable[[Pixels], Pixels]:
    return lambda pixels: jpeg(pixels, quality)


def jpeg(pixels: Pixels, quality: int) -> Pixels:
    """Return the pixels after JPEG of this quality."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file).convert("RGB"))


def _resized(factor: float) -> Callable[[Pixels], Pixels]:
    def resize(pixels: Pixels) -> Pixels:
        size = round(pixels.shape[1] * factor), round(pixels.shape[0] * factor)
        return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))

    return resize


def bc1(pixels: Pixels) -> Pixels:
    """Return the pixels after BC1."""
    height, width = pixels.shape[:2]
    data = etcpak.compress_bc1(_rgba(pixels), width, height)
    return np.ascontiguousarray(blocks.BC1.decode(memoryview(data), width, height)[..., :3])


def _bc5(pixels: Pixels) -> Pixels:
    """Return x and y after BC5, z put together from them, as the decoder does."""
    height, width = pixels.shape[:2]
    data = etcpak.compress_bc5(_rgba(pixels), width, height)
    both = blocks.BC5.decode(memoryview(data), width, height)[..., :2].astype(np.float32) / 127.5 - 1
    z = np.sqrt(np.maximum(1 - (both * both).sum(axis=2), 0))
    return in_bytes(np.dstack([both, z]))


def _rgba(pixels: Pixels) -> bytes:
    return np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)]).tobytes()


STORED: Final[Mapping[str, Callable[[Pixels], Pixels]]] = {
    "png": _as_is,
    "jpeg_q90": _jpeg(90),
    "jpeg_q75": _jpeg(75),
    "bc1": bc1,
    "bc5": _bc5,
    "half": _resized(0.5),
    "three_quarters": _resized(0.75),
    "one_and_a_half": _resized(1.5),
}

"""Textures for the tests of the checks: painted, not read."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from consumer.findings.registry import BY_ID, look_over
from consumer.findings.texture import Texture
from consumer.imaging.facts import TextureFacts

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


def texture(pixels: npt.NDArray[np.uint8 | np.uint16], path: str = "rock.png", **facts: Any) -> Texture:
    """Return a texture as read from a PNG file that says this of itself."""
    mode = "I;16" if pixels.dtype == np.uint16 else _MODES[pixels.shape[2]]
    return Texture(pixels, mode, "PNG", TextureFacts(**facts), path)


def found(pixels: npt.NDArray[np.uint8 | np.uint16], path: str = "rock.png", **facts: Any) -> set[str]:
    """Return the names of all findings."""
    return {BY_ID[item.id].name for item in look_over(texture(pixels, path, **facts))}


def relief(side: int = 128, *, seed: int = 1) -> Floats:
    """Return a height of soft hills and fine grain, [side, side], -1 to 1 or so."""
    rng = np.random.default_rng(seed)
    down, across = np.mgrid[:side, :side] / side * 2 * np.pi
    hills = sum(
        np.sin(down * rng.integers(1, 6) + rng.uniform(0, 6)) * np.cos(across * rng.integers(1, 6) + rng.uniform(0, 6))
        for _ in range(5)
    )
    height: Floats = np.asarray(hills / 3 + rng.normal(0, 0.05, (side, side)), np.float32)
    return height


def painted(side: int = 128, *, seed: int = 1) -> Pixels:
    """Return a rough surface in colour, [side, side, 3], whose edges do not fit."""
    height = relief(side, seed=seed)
    slope = np.linspace(0.4, 1, side, dtype=np.float32)
    light = (128 + 60 * height[..., None]) * slope[:, None, None] * slope[None, :, None]
    grain = np.random.default_rng(seed).normal(0, 8, (side, side, 3))
    return in_bytes(light * np.array([1, 0.8, 0.6]) + grain)


def directions(height: Floats, *, opengl: bool) -> Pixels:
    """Return the normal map of a height, [H, W, 3]."""
    down, across = np.gradient(height * 4)
    normals = np.dstack([-across, down if opengl else -down, np.ones_like(height)])
    normals /= np.linalg.norm(normals, axis=2, keepdims=True)
    return in_bytes(normals * 127.5 + 128)


def with_alpha(pixels: Pixels, alpha: npt.NDArray[Any] | int) -> Pixels:
    return np.dstack([pixels, np.broadcast_to(np.asarray(alpha, np.uint8), pixels.shape[:2])])


def disc(side: int = 128, *, soft: float = 1.0) -> Pixels:
    """Return alpha of a disc whose edge is so many pixels soft, [side, side]."""
    down, across = np.mgrid[:side, :side] - (side - 1) / 2
    return in_bytes((side / 3 - np.hypot(down, across)) / soft * 255 + 128)


def in_bytes(values: npt.NDArray[Any]) -> Pixels:
    levels: Pixels = np.clip(values, 0, 255).astype(np.uint8)
    return levels

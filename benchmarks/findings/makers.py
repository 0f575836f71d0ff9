"""Ways to put a fault into a real texture, or to leave it out: the building blocks of the trials."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from benchmarks.findings.made_normals import jpeg
from benchmarks.findings.sources import Pixels, Rng
from consumer.findings.texture import Texture
from consumer.imaging.facts import TextureFacts
from consumer.imaging.picture import Samples

Mask = npt.NDArray[np.uint8]


def png(pixels: Samples, facts: TextureFacts | None = None, path: str = "rock.png") -> Texture:
    """Return a texture as if read from a PNG file."""
    modes = {1: "L" if pixels.dtype == np.uint8 else "I;16", 2: "LA", 3: "RGB", 4: "RGBA"}
    return Texture(np.ascontiguousarray(pixels), modes[pixels.shape[2]], "PNG", facts or TextureFacts(), path)


def sized(surface: Pixels, height: int, width: int) -> Pixels:
    return np.asarray(Image.fromarray(surface).resize((width, height), Image.Resampling.BICUBIC))


def shape(surface: Pixels, rng: Rng, blur: float) -> Mask:
    """Return alpha of a few round islands, uint8 [H, W], their edges ``blur`` pixels soft; 0: hard."""
    height, width = surface.shape[:2]
    down, across = np.mgrid[:height, :width]
    inside = np.zeros((height, width), bool)
    for _ in range(3):
        y, x = rng.uniform(0.3, 0.7) * height, rng.uniform(0.3, 0.7) * width
        inside |= ((down - y) / (height * 0.25)) ** 2 + ((across - x) / (width * 0.25)) ** 2 < 1
    mask = Image.fromarray(inside.astype(np.uint8) * 255)
    return np.asarray(mask.filter(ImageFilter.GaussianBlur(blur)) if blur else mask)


def with_alpha(surface: Pixels, alpha: Mask) -> Pixels:
    return np.dstack([surface, alpha])


def bright(surface: Pixels) -> Pixels:
    """Return it in the upper half of the levels."""
    return (127 + surface // 2).astype(np.uint8)


def multiplied(pixels: Pixels) -> Pixels:
    """Return RGBA with its colours multiplied by alpha."""
    values = pixels.astype(np.float32)
    values[..., :3] *= values[..., 3:] / 255
    return np.round(values).astype(np.uint8)


def ramped(surface: Pixels, axis: int) -> Pixels:
    """Return it darker towards one edge of an axis, so that its opposite edges cannot fit."""
    length = surface.shape[axis]
    light = np.linspace(0.35, 1, length, dtype=np.float32).reshape((-1, 1, 1) if axis == 0 else (1, -1, 1))
    return (bright(surface) * light).astype(np.uint8)


def rolled(surface: Pixels, *axes: int) -> Pixels:
    """Return it shifted by half along these axes: its edges then are neighbours of the middle, and fit."""
    for axis in axes:
        surface = np.roll(surface, surface.shape[axis] // 2, axis)
    return surface


def few_colours(surface: Pixels, count: int) -> Pixels:
    return np.asarray(Image.fromarray(surface).quantize(count, dither=Image.Dither.NONE).convert("RGB"))


def pixel_art(surface: Pixels, count: int = 12) -> Pixels:
    """Return areas of few colours, as drawn pixel by pixel."""
    soft = Image.fromarray(sized(surface, 64, 64)).filter(ImageFilter.MedianFilter(5))
    return few_colours(np.asarray(soft), count)


def soft(surface: Pixels, radius: float) -> Pixels:
    return np.asarray(Image.fromarray(surface).filter(ImageFilter.GaussianBlur(radius)))


def enlarged(surface: Pixels, how: Image.Resampling) -> Pixels:
    height, width = surface.shape[:2]
    return np.asarray(Image.fromarray(surface).resize((2 * width, 2 * height), how))


def after_jpeg(surface: Pixels, rng: Rng) -> Pixels:
    return jpeg(surface, int(rng.integers(25, 65)))


def rounded(surface: Pixels, bits: int) -> Pixels:
    """Return each channel of so many bits, the high ones repeated in the low ones."""
    high = surface >> (8 - bits)
    values = high.astype(np.float32) * (255 / ((1 << bits) - 1))
    return np.round(values).astype(np.uint8)


def sheet(surface: Pixels, gap: int) -> Pixels:
    """Return an atlas of 3 by 3 pieces, ``gap`` transparent pixels between them and around."""
    side = 32
    canvas = np.zeros((3 * side + 4 * gap, 3 * side + 4 * gap, 4), np.uint8)
    pieces = np.dstack([sized(surface, 3 * side, 3 * side), np.full((3 * side, 3 * side), 255, np.uint8)])
    for row in range(3):
        for column in range(3):
            top, left = gap + row * (side + gap), gap + column * (side + gap)
            piece = pieces[row * side : (row + 1) * side, column * side : (column + 1) * side]
            canvas[top : top + side, left : left + side] = piece
    return canvas


def margined(surface: Pixels, share_empty: float) -> Pixels:
    """Return it in the middle of a transparent canvas of which so much is empty."""
    height, width = surface.shape[:2]
    factor = 1 / np.sqrt(1 - share_empty)
    canvas = np.zeros((round(height * factor), round(width * factor), 4), np.uint8)
    top, left = (canvas.shape[0] - height) // 2, (canvas.shape[1] - width) // 2
    canvas[top : top + height, left : left + width, :3] = surface
    canvas[top : top + height, left : left + width, 3] = 255
    return canvas

"""Tags that are statistics of the pixels: palettes, and what a texture is used for. No model, about a millisecond.

Colours are judged in OKLab (Björn Ottosson, "A perceptual color space for image processing", 2020), where equal
distances look about equally different. Each test ends in a logistic curve around the point where people begin to agree.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from consumer.tagging.decode import DecodedImage

Evidence = Mapping[str, Mapping[str, float]]
Floats = npt.NDArray[np.float32]

PALETTES: Final = "color_palettes"
ROLES: Final = "texture_roles"

_SAMPLES_A_SIDE: Final = 64
_VISIBLE_ALPHA: Final = 128
_FEWEST_PIXELS: Final = 16
_OPAQUE_SHARE: Final = 0.98
# Channel values below this are the black that unwrapped textures leave between their islands.
_UNPAINTED: Final = 12
# Yellow and red pictures without a trace of blue exist too: of what looks packed, about so much is.
_PACKED_CERTAINTY: Final = 0.6
# Squared levels; below it the image is one colour, and nothing can be said of its structure.
_SMALLEST_VARIANCE: Final = 16.0
# OKLab chroma below which people see grey.
_GREY_CHROMA: Final = 0.03

_RGB_TO_LMS: Final = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    np.float32,
)
_LMS_TO_LAB: Final = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ],
    np.float32,
)


def _linear_light() -> Floats:
    encoded = np.arange(256, dtype=np.float32) / 255
    linear: Floats = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    return linear.astype(np.float32)


_LINEAR: Final = _linear_light()


@dataclass(frozen=True, slots=True)
class _Colours:
    """The visible pixels: ``lightness`` 0 to 1, ``chroma`` 0 to about 0.32, ``hue`` in degrees, each [N]."""

    lightness: Floats
    chroma: Floats
    hue: Floats

    def share(self, which: npt.NDArray[np.bool_]) -> float:
        return float(which.mean())

    def hue_between(self, start: float, end: float) -> npt.NDArray[np.bool_]:
        """Return which hues lie on the arc from ``start`` up to ``end``, which may pass 360."""
        between: npt.NDArray[np.bool_] = (self.hue - start) % 360 <= (end - start) % 360
        return between


def pixel_evidence(image: DecodedImage) -> Evidence:
    """Return the probability of each tag that the pixels speak for, by category.

    A transparent pixel has no colour. Of the roles only those that pixels prove are named; an image that is none of
    them gives small probabilities, and leaves the rest of the category to the model.
    """
    sampled = _sampled(image.pixels)
    visible = sampled[..., :3].reshape(-1, 3)
    if image.has_alpha:
        visible = visible[sampled[..., 3].reshape(-1) >= _VISIBLE_ALPHA]
    if len(visible) < _FEWEST_PIXELS:
        return {PALETTES: {}, ROLES: {}}
    opaque = len(visible) >= _OPAQUE_SHARE * sampled.shape[0] * sampled.shape[1]
    return {PALETTES: _palettes(_colours(visible)), ROLES: _roles(image.pixels, sampled) if opaque else {}}


def _sampled(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Take single pixels on a grid: averaging would invent colours that nobody painted."""
    height, width = pixels.shape[:2]
    return pixels[:: max(1, height // _SAMPLES_A_SIDE), :: max(1, width // _SAMPLES_A_SIDE)]


def _middle(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Cut out the middle: what neighbours have to do with each other is lost on a grid."""
    height, width = pixels.shape[:2]
    top, left = max(0, (height - _SAMPLES_A_SIDE) // 2), max(0, (width - _SAMPLES_A_SIDE) // 2)
    return pixels[top : top + _SAMPLES_A_SIDE, left : left + _SAMPLES_A_SIDE]


def _colours(rgb: npt.NDArray[np.uint8]) -> _Colours:
    lab = np.cbrt(_LINEAR[rgb] @ _RGB_TO_LMS.T) @ _LMS_TO_LAB.T
    lightness, a, b = lab[:, 0], lab[:, 1], lab[:, 2]
    return _Colours(lightness, np.hypot(a, b), np.degrees(np.arctan2(b, a)) % 360)


def _palettes(colours: _Colours) -> dict[str, float]:
    lightness, chroma = colours.lightness, colours.chroma
    coloured = chroma > _GREY_CHROMA
    coloured_share = colours.share(coloured)
    warm = colours.share(coloured & colours.hue_between(340, 115))
    cool = colours.share(coloured & colours.hue_between(140, 310))
    earth = colours.share(
        (chroma > 0.025) & (chroma < 0.13) & (lightness > 0.15) & (lightness < 0.75) & colours.hue_between(35, 115)
    )
    pastel = colours.share((lightness > 0.75) & (chroma > 0.02) & (chroma < 0.12))
    glowing = colours.share((chroma > 0.2) & (lightness > 0.5))
    darkest, lightest = np.percentile(lightness, (5, 95))
    return {
        "monochrome": _logistic(1 - coloured_share, 0.9, 0.03),
        "warm_colors": _logistic(warm, 0.6, 0.08),
        "cool_colors": _logistic(cool, 0.6, 0.08),
        "high_contrast": _logistic(float(lightest - darkest), 0.62, 0.05),
        "pastel": _logistic(pastel, 0.55, 0.07),
        "vibrant": _logistic(colours.share(chroma > 0.14), 0.4, 0.06),
        "earth_tones": _logistic(earth, 0.65, 0.07),
        "neon": _logistic(glowing, 0.3, 0.05),
    }


def _roles(pixels: npt.NDArray[np.uint8], sampled: npt.NDArray[np.uint8]) -> dict[str, float]:
    """Judge whole textures only: what is cut out by alpha is a picture of something."""
    rgb = sampled[..., :3]
    return {
        "normal_map": _normal_map(rgb.reshape(-1, 3)),
        "mask": _mask(rgb.reshape(-1, 3)),
        "gradient": _gradient(rgb),
        "noise": _noise(_middle(pixels)[..., :3]),
    }


def _normal_map(rgb: npt.NDArray[np.uint8]) -> float:
    """Judge colours as directions: of about unit length, upright, leaning to every side alike."""
    painted = rgb[rgb.max(axis=1) > _UNPAINTED]
    if len(painted) < len(rgb) / 3:
        return 0.0
    directions = painted.astype(np.float32) / 127.5 - 1
    lengths = np.linalg.norm(directions, axis=1)
    like_normals = (directions[:, 2] > 0.1) & (lengths > 0.75)
    lean = float(np.abs(directions[:, :2].mean(axis=0)).max())
    blue = float(directions[:, 2].mean())
    return (
        _logistic(float(like_normals.mean()), 0.85, 0.03) * _logistic(-lean, -0.22, 0.02) * _logistic(blue, 0.7, 0.03)
    )


def _mask(rgb: npt.NDArray[np.uint8]) -> float:
    """Judge two kinds of mask.

    Channels packed with data leave the last of them empty, to the bit; a stencil is black against white, with little
    between.
    """
    lowest, highest = rgb.min(axis=1), rgb.max(axis=1)
    empty_blue = float((rgb[:, 2] < 4).mean())
    varied = float(np.percentile(highest, 95)) > 20
    packed = _PACKED_CERTAINTY * _logistic(empty_blue, 0.97, 0.008) if varied else 0.0
    grey = float((highest - lowest < 8).mean())
    black, white = float((highest < 16).mean()), float((lowest > 239).mean())
    stencil = _logistic(min(grey, black + white), 0.93, 0.015) * _logistic(min(black, white), 0.04, 0.01)
    return max(packed, stencil)


def _gradient(rgb: npt.NDArray[np.uint8]) -> float:
    """Judge how well a plane through the colours explains them."""
    height, width = rgb.shape[:2]
    if min(height, width) < 2:
        return 0.0
    values = rgb.reshape(-1, 3).astype(np.float32)
    spread = values - values.mean(axis=0)
    total = float((spread**2).sum())
    if total / len(values) < _SMALLEST_VARIANCE:
        return 0.0
    rows, columns = np.mgrid[:height, :width].reshape(2, -1).astype(np.float32)
    down, across = rows - rows.mean(), columns - columns.mean()
    explained = sum(float(((axis @ spread) ** 2).sum()) / float(axis @ axis) for axis in (down, across))
    return _logistic(explained / total, 0.95, 0.01)


def _noise(rgb: npt.NDArray[np.uint8]) -> float:
    """Judge whether neighbours are as different as any two pixels: white noise, in every direction."""
    values = rgb.astype(np.float32).mean(axis=2)
    variance = float(values.var())
    if min(values.shape) < 16 or variance < _SMALLEST_VARIANCE:
        return 0.0
    apart = min(float(np.diff(values, axis=axis).var()) for axis in (0, 1)) / (2 * variance)
    return _logistic(apart, 0.85, 0.03) * _logistic(-_repetition(values), -0.3, 0.05)


def _repetition(values: Floats) -> float:
    """Return the highest correlation of a row with the row after next, as dithers and checkers have it."""
    centred = values - values.mean()
    power = float((centred**2).mean())
    return (
        max(abs(float((centred[2:] * centred[:-2]).mean())), abs(float((centred[:, 2:] * centred[:, :-2]).mean())))
        / power
    )


def _logistic(value: float, middle: float, width: float) -> float:
    return 1 / (1 + math.exp(-(value - middle) / width))

"""A normal map is told as one however a game packs it, and other pictures of such channels are not."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from consumer.imaging.picture import DecodedImage
from consumer.tagging.pixels.evidence import pixel_evidence
from consumer.tagging.pixels.layout import layout_of
from consumer.tagging.pixels.packed_normals import as_normals

SIDE = 128
Array = npt.NDArray[np.uint8]


def normals() -> Array:
    """Return a relief of waves as x, y, z."""
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE * 2 * np.pi
    height = sum(np.sin(x * wave + wave) * np.cos(y * wave + 2 * wave) / wave for wave in (2, 3, 5, 7))
    down, across = np.gradient(np.asarray(height) * 4)
    vectors = np.dstack([-across, -down, np.ones_like(across)])
    vectors /= np.linalg.norm(vectors, axis=2, keepdims=True)
    return ((vectors + 1) * 127.5).round().astype(np.uint8)


def packed(order: str) -> DecodedImage:
    """Return the relief with what each letter names in each channel."""
    relief = normals()
    constants = {"0": 0, "m": 128, "1": 255}
    planes = [
        np.full((SIDE, SIDE), constants[letter], np.uint8) if letter in constants else relief[..., "xyz".index(letter)]
        for letter in order
    ]
    return DecodedImage(np.dstack(planes), "RGBA"[: len(order)])


@pytest.mark.parametrize("order", ["1yyx", "1y1x", "0y0x", "yyyx", "xy0", "xym"])
def test_packed_normals_are_judged_as_what_they_stand_for(order: str) -> None:
    relief = normals()
    found = as_normals(packed(order)).pixels
    assert np.abs(found.astype(int) - relief).max() <= 2
    evidence, wanted = (
        pixel_evidence(image, layout_of(image.pixels)) for image in (packed(order), DecodedImage(relief, "RGB"))
    )
    assert evidence["texture_roles"]["normal_map"] >= 0.9
    assert evidence["color_palettes"].keys() == wanted["color_palettes"].keys()


def _glow(red: int) -> Array:
    """Return a spot that fades out, as effects have."""
    y, x = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
    light = np.clip(1 - np.hypot(x, y), 0, 1)
    grey = (light * 255).astype(np.uint8)
    return np.dstack([np.full_like(grey, red) if red else grey, grey, grey, (light**0.5 * 255).astype(np.uint8)])


def _yellow() -> Array:
    noise = np.random.default_rng(1).integers(60, 200, (SIDE, SIDE, 2), np.uint8)
    return np.dstack([noise, np.zeros((SIDE, SIDE), np.uint8)])


@pytest.mark.parametrize(
    "pixels",
    [
        pytest.param(_glow(255), id="a red glow"),
        pytest.param(_glow(0), id="a white glow"),
        pytest.param(_yellow(), id="yellow without blue"),
        pytest.param(np.full((SIDE, SIDE, 4), 128, np.uint8), id="one colour"),
        pytest.param(normals(), id="a normal map of three channels"),
        pytest.param(normals()[:8, :8], id="too small to tell"),
    ],
)
def test_other_pictures_stay_as_they_are(pixels: Array) -> None:
    image = DecodedImage(np.ascontiguousarray(pixels), "RGBA")
    assert as_normals(image) is image

"""What the pixels themselves say."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from consumer.imaging.picture import DecodedImage
from consumer.tagging.pixels.evidence import pixel_evidence
from consumer.tagging.pixels.layout import SINGLE, layout_of


def evidence(pixels: npt.NDArray[np.uint8]) -> dict[str, float]:
    """Return all probabilities by tag."""
    found = pixel_evidence(DecodedImage(pixels, "RGBA" if pixels.shape[2] == 4 else "RGB"), layout_of(pixels))
    return {tag: probability for part in found.values() for tag, probability in part.items()}


def plain(*colour: int) -> npt.NDArray[np.uint8]:
    rng = np.random.default_rng(0)
    shades = np.array(colour) + rng.integers(-6, 7, (64, 64, 1))
    return shades.clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("colour", "tag"),
    [
        ((90, 90, 90), "monochrome"),
        ((220, 90, 30), "warm_colors"),
        ((30, 120, 220), "cool_colors"),
        ((250, 210, 220), "pastel"),
        ((230, 20, 20), "vibrant"),
        ((120, 85, 50), "earth_tones"),
        ((20, 250, 40), "neon"),
    ],
)
def test_a_palette_is_named_after_its_colours(colour: tuple[int, int, int], tag: str) -> None:
    assert evidence(plain(*colour))[tag] > 0.7


def test_grey_is_neither_warm_nor_cool() -> None:
    found = evidence(plain(90, 90, 90))
    assert max(found["warm_colors"], found["cool_colors"], found["vibrant"]) < 0.1


def test_black_beside_white_is_high_contrast() -> None:
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[:, 32:] = 255
    assert evidence(pixels)["high_contrast"] > 0.9


def test_transparent_pixels_have_no_colour() -> None:
    pixels = np.zeros((64, 64, 4), np.uint8)
    pixels[16:48, 16:48] = (220, 90, 30, 255)
    assert evidence(pixels)["warm_colors"] > 0.9


@pytest.mark.parametrize("bands", [3, 4])
@pytest.mark.parametrize("size", [(1024, 1024), (1500, 700), (1, 2048), (2048, 1), (3, 1030)])
def test_colours_do_not_depend_on_how_large_a_texture_was_made(size: tuple[int, int], bands: int) -> None:
    colours = np.array([(220, 90, 30, 255), (200, 80, 25, 255)], np.uint8)[:, :bands]
    large = colours[np.random.default_rng(0).integers(0, 2, size)]
    found, expected = (evidence(pixels) for pixels in (large, colours.repeat(128, 0).reshape(16, 16, bands)))
    assert found["warm_colors"] == pytest.approx(expected["warm_colors"], abs=0.01)
    assert found["vibrant"] == pytest.approx(expected["vibrant"], abs=0.05)


def test_an_invisible_texture_says_nothing() -> None:
    found = evidence(np.zeros((64, 64, 4), np.uint8))
    assert {tag for tag, probability in found.items() if probability} == {"blank"}


def test_a_single_pixel_has_a_colour_and_no_role() -> None:
    found = evidence(np.array([[[220, 90, 30]]], np.uint8))
    assert found["warm_colors"] > 0.7
    assert "albedo" not in found


def test_drawing_with_few_colours_on_a_grid_is_rather_pixel_art_than_a_smooth_picture() -> None:
    rng = np.random.default_rng(4)
    palette = rng.integers(0, 256, (6, 3), np.uint8)
    drawn = np.kron(rng.integers(0, 6, (16, 16)), np.ones((4, 4), int))
    smooth = np.cumsum(rng.normal(0, 3, (64, 64, 3)), axis=1) + 128
    assert evidence(palette[drawn])["pixel_art"] > 3 * evidence(smooth.clip(0, 255).astype(np.uint8))["pixel_art"]


def test_relief_in_grey_is_a_height_map_and_a_drawing_is_not() -> None:
    rows, columns = np.mgrid[:64, :64] / 64
    relief = 128 + 60 * np.sin(5 * rows) * np.cos(4 * columns) + 60 * np.sin(3 * columns + 2)
    grey = np.repeat(relief.clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)
    assert evidence(grey)["height"] > 0.6
    assert evidence(plain(120, 85, 50))["height"] < 0.05


def test_roles_share_one_probability() -> None:
    for pixels in (plain(90, 150, 235), np.random.default_rng(5).integers(0, 256, (40, 30, 4), np.uint8)):
        found = pixel_evidence(DecodedImage(pixels, "RGB"), SINGLE)["texture_roles"]
        assert sum(found.values()) == pytest.approx(1, abs=1e-6)


def test_a_normal_map_is_told_by_its_directions() -> None:
    slopes = np.random.default_rng(2).normal(0, 0.2, (64, 64, 2))
    normals = np.dstack([slopes, np.ones((64, 64))])
    normals /= np.linalg.norm(normals, axis=2, keepdims=True)
    assert evidence(((normals + 1) * 127.5).astype(np.uint8))["normal_map"] > 0.8


def test_a_blue_sky_is_no_normal_map() -> None:
    assert evidence(plain(90, 150, 235))["normal_map"] < 0.2


def test_a_stencil_is_a_mask() -> None:
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[20:44, 20:44] = 255
    assert evidence(pixels)["mask"] > 0.7


def test_a_ramp_is_a_gradient() -> None:
    ramp = np.linspace(0, 255, 64).astype(np.uint8)
    assert evidence(np.repeat(np.tile(ramp, (64, 1))[..., None], 3, axis=2))["gradient"] > 0.9


def test_random_pixels_are_noise() -> None:
    values = np.random.default_rng(3).integers(0, 256, (64, 64, 1), np.uint8)
    assert evidence(np.repeat(values, 3, axis=2))["noise"] > 0.8


@given(
    arrays.arrays(
        np.uint8,
        st.tuples(st.integers(1, 80), st.integers(1, 80), st.sampled_from([3, 4])),
        elements=st.integers(0, 255),
    )
)
def test_any_picture_gives_probabilities(pixels: npt.NDArray[np.uint8]) -> None:
    assert all(0 <= probability <= 1 for probability in evidence(pixels).values())

"""The square that the model sees: ground, padding, crispness."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.imaging.picture import DecodedImage
from consumer.tagging.images.preprocess import PreprocessSpec, prepare

GROUND = (128, 128, 128)
SPEC = PreprocessSpec(size=32, ground=GROUND)


def filled(height: int, width: int, *colour: int) -> DecodedImage:
    return DecodedImage(np.full((height, width, len(colour)), colour, np.uint8), "RGBA" if len(colour) == 4 else "RGB")


@given(st.integers(1, 200), st.integers(1, 200), st.booleans(), st.sampled_from(["pad", "crop"]))
def test_any_size_becomes_the_square(height: int, width: int, alpha: bool, fit: str) -> None:
    image = filled(height, width, *((10, 20, 30, 200) if alpha else (10, 20, 30)))
    spec = PreprocessSpec(32, GROUND, "pad" if fit == "pad" else "crop")
    prepared = prepare(image, spec)
    assert prepared.shape == (32, 32, 3)
    assert prepared.dtype == np.uint8


def test_transparent_pixels_become_the_ground_whatever_colour_they_hide() -> None:
    assert np.unique(prepare(filled(32, 32, 255, 0, 0, 0), SPEC)).tolist() == [128]


def test_half_transparent_pixels_mix_with_the_ground() -> None:
    assert abs(int(prepare(filled(32, 32, 0, 0, 0, 128), SPEC)[0, 0, 0]) - 64) <= 1


def test_a_wide_texture_is_padded_not_cropped() -> None:
    prepared = prepare(filled(16, 64, 250, 0, 0), SPEC)
    assert prepared[16, :, 0].min() > 240
    assert prepared[0].tolist() == [[128, 128, 128]] * 32


def test_crop_cuts_out_the_centre() -> None:
    assert prepare(filled(16, 64, 250, 0, 0), PreprocessSpec(32, GROUND, "crop"))[..., 0].min() > 240


def test_small_pixel_art_is_enlarged_without_new_colours() -> None:
    rng = np.random.default_rng(1)
    pixels = rng.choice(np.array([0, 255], np.uint8), (8, 8, 3))
    assert set(np.unique(prepare(DecodedImage(pixels, "RGB"), SPEC))) <= {0, 255}


@pytest.mark.parametrize("length", [64 * 399, 64 * 401, 64 * 2000])
@pytest.mark.parametrize("upright", [False, True])
def test_a_strip_of_any_length_keeps_its_colours(length: int, upright: bool) -> None:
    """Libvips' kernels end at 500 pixels that become one."""
    strip = np.zeros((2, length, 3), np.uint8)
    strip[:, length // 2 :] = 200
    turned = strip.swapaxes(0, 1) if upright else strip
    square = prepare(DecodedImage(np.ascontiguousarray(turned), "RGB"), PreprocessSpec(64, (7, 7, 7)))
    middle = square[:, 31:33].max(axis=1) if upright else square[31:33].max(axis=0)
    # The kernel overshoots a little beside the edge of colours.
    assert np.abs(middle[60].astype(int) - 200).max() <= 3
    assert middle[4].tolist() == [7, 7, 7]

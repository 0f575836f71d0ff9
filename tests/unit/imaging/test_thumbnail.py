"""Thumbnails keep what a person looks for: shape, transparency, sharp texels."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from consumer.imaging.errors import ImageRejectedError
from consumer.imaging.picture import ImageLimits
from consumer.imaging.thumbnail import swatches, thumbnail

LIMITS = ImageLimits(max_pixels=4096 * 4096)


def encoded(image: Image.Image, fmt: str) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, fmt)
    return buffer.getvalue()


def opened(webp: bytes) -> Image.Image:
    return Image.open(io.BytesIO(webp), formats=["WEBP"])


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 700), st.integers(1, 700), st.sampled_from([64, 320]))
def test_it_fits_and_keeps_its_shape(width: int, height: int, side: int) -> None:
    small = opened(thumbnail(encoded(Image.new("RGB", (width, height)), "PNG"), LIMITS, side))
    factor = min(1, side / max(width, height))
    assert small.width == pytest.approx(max(1, width * factor), abs=1)
    assert small.height == pytest.approx(max(1, height * factor), abs=1)


@pytest.mark.parametrize("fmt", ["PNG", "TGA", "DDS", "BMP", "TIFF", "JPEG", "GIF"])
def test_what_no_browser_shows_is_shown(fmt: str) -> None:
    source = Image.new("RGB", (400, 300), (200, 40, 40))
    small = opened(thumbnail(encoded(source, fmt), LIMITS, 320)).convert("RGB")
    assert small.size == (320, 240)
    assert np.abs(np.asarray(small).astype(int) - (200, 40, 40)).max() < 12


def test_pixel_art_keeps_every_texel() -> None:
    texels = np.random.default_rng(1).integers(0, 256, (16, 16, 4), np.uint8)
    texels[..., 3] = 255
    small = opened(thumbnail(encoded(Image.fromarray(texels), "PNG"), LIMITS, 320))
    assert np.array_equal(np.asarray(small.convert("RGBA")), texels)


def test_transparency_is_kept_and_does_not_darken_edges() -> None:
    texels = np.zeros((512, 512, 4), np.uint8)
    texels[:, 256:] = (255, 255, 255, 255)
    small = np.asarray(opened(thumbnail(encoded(Image.fromarray(texels), "PNG"), LIMITS, 320)).convert("RGBA"))
    assert small[100, 20, 3] == 0
    visible = small[small[..., 3] > 64]
    assert visible[:, :3].min() > 200


@pytest.mark.parametrize("data", [b"", b"no image", encoded(Image.new("RGB", (9, 9)), "PNG")[:40]])
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(ImageRejectedError):
        thumbnail(data, LIMITS, 320)


def test_a_header_that_claims_too_much_is_refused_before_anything_is_decoded() -> None:
    small = encoded(Image.new("RGB", (8, 8)), "PNG")
    header = b"IHDR" + struct.pack(">II", 60_000, 60_000) + small[24:29]
    huge = small[:12] + header + struct.pack(">I", zlib.crc32(header)) + small[33:]
    with pytest.raises(ImageRejectedError, match="pixels"):
        thumbnail(huge, LIMITS, 320)


def test_the_colours_are_those_of_the_picture_the_most_frequent_first() -> None:
    image = Image.new("RGBA", (300, 300), (0, 0, 0, 0))
    image.paste((250, 10, 10, 255), (0, 0, 300, 200))
    image.paste((10, 10, 250, 255), (0, 200, 300, 260))
    red, blue = (bytes.fromhex(colour[1:]) for colour in swatches(thumbnail(encoded(image, "PNG"), LIMITS, 320), 2))
    assert list(red) == pytest.approx([250, 10, 10], abs=4)
    assert list(blue) == pytest.approx([10, 10, 250], abs=4)


def test_a_picture_that_shows_nothing_has_no_colours() -> None:
    assert swatches(thumbnail(encoded(Image.new("RGBA", (30, 30)), "PNG"), LIMITS, 320)) == ()

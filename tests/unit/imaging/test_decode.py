"""Bytes to pixels: what every format gives, and what is refused."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from consumer.imaging.decode import decode
from consumer.imaging.errors import ImageRejectedError, Rejection
from consumer.imaging.picture import DecodedImage, ImageLimits
from consumer.imaging.vips import pyvips, to_array
from consumer.tagging.images.preprocess import PreprocessSpec, prepare

LIMITS = ImageLimits(max_bytes=1024 * 1024, max_pixels=512 * 512)


def encoded(image: Image.Image, fmt: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, fmt, **options)
    return buffer.getvalue()


def painted(mode: str = "RGBA", size: tuple[int, int] = (24, 16)) -> Image.Image:
    rows, columns = np.mgrid[: size[1], : size[0]]
    pixels = np.stack([rows * 15, columns * 10, 255 - rows * 9, 255 - columns * 9], axis=-1).astype(np.uint8)
    return Image.fromarray(pixels, "RGBA").convert(mode) if mode != "RGBA" else Image.fromarray(pixels)


def header_of(width: int, height: int) -> bytes:
    chunks = [b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0), b"IDAT" + zlib.compress(bytes(4096))]
    framed = [struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(framed)


@pytest.mark.parametrize("fmt", ["PNG", "TGA", "TIFF", "DDS", "BMP"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_lossless_formats_keep_every_pixel_and_their_alpha(fmt: str, mode: str) -> None:
    image = painted(mode)
    decoded = decode(encoded(image, fmt), LIMITS)
    assert (decoded.width, decoded.height, decoded.has_alpha) == (24, 16, mode == "RGBA")
    np.testing.assert_array_equal(decoded.pixels, np.asarray(image))


@pytest.mark.parametrize("fourth", [0, 255])
def test_a_fourth_byte_of_bmp_files_that_says_nothing_is_no_alpha(fourth: int) -> None:
    image = painted()
    image.putalpha(fourth)
    assert not decode(encoded(image, "BMP"), LIMITS).has_alpha


@pytest.mark.parametrize("fmt", ["JPEG", "WEBP"])
def test_lossy_formats_come_close(fmt: str) -> None:
    image = painted("RGB")
    decoded = decode(encoded(image, fmt, quality=95), LIMITS)
    assert np.abs(decoded.pixels.astype(int) - np.asarray(image).astype(int)).mean() < 8


def test_a_large_jpeg_is_made_smaller_on_its_way_and_looks_the_same() -> None:
    rng = np.random.default_rng(1)
    picture = Image.fromarray(rng.integers(0, 256, (64, 96, 3), np.uint8)).resize(
        (3072, 2048), Image.Resampling.BICUBIC
    )
    data = encoded(picture, "JPEG", quality=90)
    decoded = decode(data, ImageLimits())
    assert decoded.pixels.shape == (1024, 1536, 3)
    assert (decoded.width, decoded.height) == (3072, 2048)
    spec = PreprocessSpec(size=224, ground=(128, 128, 128))
    whole = DecodedImage(np.asarray(Image.open(io.BytesIO(data))), "RGB")
    assert np.abs(prepare(decoded, spec).astype(int) - prepare(whole, spec)).mean() < 0.5


@pytest.mark.parametrize("side", [768, 769])
def test_pixels_are_the_same_in_one_piece_and_in_strips(side: int) -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (side, side, 3), np.uint8)
    image = pyvips.Image.new_from_memory(pixels, side, side, 3, "uchar")
    np.testing.assert_array_equal(to_array(image), pixels)


def test_a_palette_with_a_transparent_colour_becomes_rgba() -> None:
    image = painted("RGB").quantize(8)
    decoded = decode(encoded(image, "PNG", transparency=0), LIMITS)
    assert decoded.mode == "P"
    assert decoded.has_alpha
    assert set(np.unique(decoded.pixels[..., 3])) == {0, 255}


def test_sixteen_bits_are_scaled_not_clipped() -> None:
    image = Image.fromarray(np.full((8, 8), 0x8080, np.uint16))
    assert decode(encoded(image, "PNG"), LIMITS).pixels[0, 0].tolist() == [128, 128, 128]


@pytest.mark.parametrize(("bands", "space"), [(3, "rgb16"), (4, "rgb16"), (1, "grey16"), (2, "grey16")])
def test_sixteen_bit_colour_and_grey_become_eight_bit_rgb(bands: int, space: str) -> None:
    """Pillow names the mode of such a PNG RGB or RGBA, as if it had 8 bits."""
    values = np.full((8, 8, bands), 0x8080, np.uint16)
    decoded = decode(pyvips.Image.new_from_array(values, interpretation=space).pngsave_buffer(), LIMITS)
    assert decoded.pixels.dtype == np.uint8
    assert decoded.pixels.shape == (8, 8, 4 if bands in {2, 4} else 3)
    assert np.unique(decoded.pixels).tolist() == [128]


@pytest.mark.parametrize("interlaced", [False, True])
@given(shape=st.tuples(st.integers(1, 40), st.integers(1, 40), st.sampled_from([3, 4])), content=st.binary(min_size=1))
def test_a_png_keeps_every_pixel_interlaced_or_not(
    shape: tuple[int, int, int], content: bytes, *, interlaced: bool
) -> None:
    pixels = np.resize(np.frombuffer(content, np.uint8), shape)
    image = pyvips.Image.new_from_memory(pixels.tobytes(), shape[1], shape[0], shape[2], "uchar")
    data = image.copy(interpretation="srgb").pngsave_buffer(interlace=interlaced, filter="all")
    np.testing.assert_array_equal(decode(data, LIMITS).pixels, pixels)


@pytest.mark.parametrize("fmt", ["JPEG", "TIFF"])
def test_cmyk_keeps_its_colours(fmt: str) -> None:
    printed = Image.new("RGB", (16, 16), (200, 40, 30)).convert("CMYK")
    decoded = decode(encoded(printed, fmt), LIMITS)
    assert decoded.mode == "CMYK"
    assert np.abs(decoded.pixels[8, 8].astype(int) - (200, 40, 30)).max() <= 12


@pytest.mark.parametrize(
    ("fmt", "mode"),
    [(fmt, mode) for fmt in ("PNG", "TIFF") for mode in ("1", "L", "LA", "P", "I;16")] + [("TIFF", "CMYK")],
)
def test_every_mode_of_a_single_pixel_is_read(fmt: str, mode: str) -> None:
    image = (
        Image.fromarray(np.full((1, 1), 65535, np.uint16)) if mode == "I;16" else painted("RGB", (1, 1)).convert(mode)
    )
    decoded = decode(encoded(image, fmt), LIMITS)
    assert decoded.pixels.shape[:2] == (1, 1)
    assert decoded.pixels.dtype == np.uint8


@pytest.mark.parametrize("fmt", ["GIF", "PNG", "WEBP"])
def test_of_an_animation_the_first_frame_that_shows_anything_counts(fmt: str) -> None:
    frames = [Image.new("RGBA", (8, 8), (0, 0, 0, 0)), *(Image.new("RGBA", (8, 8), (c, 0, 0, 255)) for c in (250, 9))]
    data = encoded(frames[0], fmt, save_all=True, append_images=frames[1:], duration=100, lossless=True)
    assert decode(data, LIMITS).pixels[4, 4].tolist() == [250, 0, 0, 255]


def test_an_animation_without_anything_to_see_is_still_an_image() -> None:
    blank = [Image.new("RGBA", (8, 8), (c, 0, 0, 0)) for c in (0, 1)]
    assert not decode(encoded(blank[0], "PNG", save_all=True, append_images=blank[1:]), LIMITS).pixels[..., 3].any()


def test_grey_becomes_rgb() -> None:
    assert decode(encoded(painted("L"), "PNG"), LIMITS).pixels.shape == (16, 24, 3)


@pytest.mark.parametrize("fmt", ["JPEG", "WEBP", "PNG", "TIFF"])
def test_a_photograph_is_turned_upright(fmt: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    decoded = decode(encoded(painted("RGB"), fmt, exif=exif.tobytes()), LIMITS)
    assert (decoded.width, decoded.height) == (16, 24)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"", Rejection.NOT_AN_IMAGE, id="nothing"),
        pytest.param(b"hello, this is text", Rejection.NOT_AN_IMAGE, id="text"),
        pytest.param(encoded(painted("RGB"), "JPEG2000"), Rejection.FORMAT_NOT_ALLOWED, id="jpeg 2000"),
        pytest.param(header_of(50_000, 50_000), Rejection.TOO_MANY_PIXELS, id="bomb"),
        pytest.param(encoded(painted("RGB", (96, 96)), "PNG")[:-80], Rejection.UNDECODABLE, id="truncated png"),
        pytest.param(encoded(painted("RGB", (96, 96)), "JPEG")[:-400], Rejection.UNDECODABLE, id="truncated jpeg"),
        pytest.param(b"\0" * (1024 * 1024 + 1), Rejection.TOO_MANY_BYTES, id="too many bytes"),
    ],
)
def test_what_is_no_image_for_us_is_refused_with_its_reason(data: bytes, reason: Rejection) -> None:
    with pytest.raises(ImageRejectedError) as refused:
        decode(data, LIMITS)
    assert refused.value.code is reason


@pytest.mark.parametrize(
    ("frame", "bits", "words"),
    [
        (0xC1, 12, "is a JPEG file of 12 bits a channel, which is not read: save it as PNG"),
        (0xC3, 8, "JPEG"),
        (0xC5, 8, "is a hierarchical JPEG file, which is not read: save it as PNG"),
        (0xF7, 8, "is a JPEG-LS file, which is not read: save it as PNG"),
    ],
)
def test_unusual_kinds_of_jpeg_are_named(frame: int, bits: int, words: str) -> None:
    """By the header of their frame, wherever it stands."""
    data = bytearray(encoded(painted("RGB"), "JPEG"))
    at = data.index(b"\xff\xc0")
    data[at + 1], data[at + 4] = frame, bits
    with pytest.raises(ImageRejectedError, match=words):
        decode(bytes(data), LIMITS)


@given(st.binary(max_size=400), st.sampled_from(["PNG", "JPEG", "WEBP", "TGA", "DDS"]), st.integers(0, 200))
def test_broken_bytes_are_refused_and_nothing_else_is_raised(junk: bytes, fmt: str, keep: int) -> None:
    data = encoded(painted("RGB"), fmt)[:keep] + junk
    try:
        decoded = decode(data, LIMITS)
    except ImageRejectedError:
        return
    assert decoded.pixels.dtype == np.uint8

"""TGA files as old tools wrote them."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from consumer.imaging.decode import decode
from consumer.imaging.errors import ImageRejectedError
from consumer.imaging.picture import ImageLimits
from tests.unit.imaging import making
from tests.unit.imaging.doors import farthest, full, tagged, through_both
from tests.unit.imaging.making import bits, channels, mosaic, tga

PICTURE = mosaic()
OPAQUE = PICTURE[..., :3]


def test_alpha_that_is_nowhere_above_zero_means_none(tmp_path: Path) -> None:
    """Old tools left the fourth byte empty, whether the header announces alpha or not."""
    invisible = PICTURE.copy()
    invisible[..., 3] = 0
    files = {f"{bits}.tga": tga(2, 32, channels(invisible, "bgra", "u8"), 0x20 | bits) for bits in (0, 8)}
    for tagger, extraction in through_both(files, tmp_path).values():
        np.testing.assert_array_equal(tagger, OPAQUE)
        np.testing.assert_array_equal(extraction, OPAQUE)


def test_runs_may_go_on_into_the_next_rows() -> None:
    runs = bytes([0x80 | 23, 50, 100, 200, 0x80 | 23, 20, 10, 0, 79]) + bytes(range(240))
    pixels = tagged(tga(10, 24, runs)).reshape(-1, 3)
    assert pixels[23].tolist() == [200, 100, 50]
    assert pixels[24].tolist() == pixels[47].tolist() == [0, 10, 20]
    assert pixels[48].tolist() == [2, 1, 0]


@pytest.mark.parametrize("width", [1, 128])
def test_files_shorter_than_their_footer_would_be(width: int, tmp_path: Path) -> None:
    """One run of 128 pixels, or one pixel: less than the 26 bytes that a footer takes."""
    data = bytes([0x80 | (width - 1), 1, 2, 3, 255])
    for pixels in through_both({"a.tga": tga(10, 32, data, width=width, height=1)}, tmp_path)["a.tga"]:
        assert pixels.shape == (1, width, 4)
        assert np.unique(pixels.reshape(-1, 4), axis=0).tolist() == [[3, 2, 1, 255]]


def test_the_bit_of_alpha_is_the_upper_one_and_set_means_visible() -> None:
    data = bits(PICTURE, "<u2", [("b", 5), ("g", 5), ("r", 5), ("a", 1)])
    pixels = tagged(tga(2, 16, data, 0x21))
    wanted = PICTURE.copy()
    wanted[..., 3] = np.where(PICTURE[..., 3] > 127, 255, 0)
    assert farthest(pixels, wanted) <= 4


def test_a_colour_map_keeps_its_alpha_and_its_first_number(tmp_path: Path) -> None:
    colours = np.array(making.COLOURS, np.uint8)
    places = (np.arange(8).reshape(2, 4).repeat(4, 0).repeat(4, 1) + 5).astype(np.uint8).tobytes()
    files = {
        "32.tga": tga(1, 8, places, colour_map=channels(colours[None], "bgra", "u8"), map_fields=(5, 8, 32)),
        "24.tga": tga(1, 8, places, colour_map=channels(colours[None], "bgr", "u8"), map_fields=(5, 8, 24)),
        "runs.tga": tga(
            9, 8, b"\x7f" + places, colour_map=channels(colours[None], "bgra", "u8"), map_fields=(5, 8, 32)
        ),
    }
    for name, both in through_both(files, tmp_path).items():
        for pixels in both:
            np.testing.assert_array_equal(pixels, OPAQUE if name == "24.tga" else PICTURE)


@pytest.mark.parametrize("descriptor", [0x00, 0x10, 0x20, 0x30])
def test_rows_and_columns_begin_where_the_header_says(descriptor: int) -> None:
    stored = PICTURE if descriptor & 0x20 else PICTURE[::-1]
    stored = stored[:, ::-1] if descriptor & 0x10 else stored
    np.testing.assert_array_equal(tagged(tga(2, 32, channels(stored, "bgra", "u8"), descriptor)), PICTURE)


@pytest.mark.parametrize(("flag", "step"), [(0x40, 2), (0x80, 4)])
@pytest.mark.parametrize("top", [0, 0x20])
def test_interleaved_rows_are_put_in_order(flag: int, step: int, top: int) -> None:
    """As the header of 1984 has it, and netpbm's reader."""
    tall = PICTURE[np.array([0, 7, 1, 6, 2, 5, 3])] * np.array([1, 1, 1, 0], np.uint8) + np.array([0, 0, 0, 255], "u1")
    stored = tall if top else tall[::-1]
    stored = np.concatenate([stored[first::step] for first in range(step)])
    file = tga(2, 24, channels(stored, "bgr", "u8"), flag | top, height=7)
    np.testing.assert_array_equal(tagged(file), tall[..., :3])


def test_grey_is_read_with_alpha_and_without() -> None:
    np.testing.assert_array_equal(full(tga(3, 8, channels(PICTURE, "r", "u8")))[..., 1], PICTURE[..., 0])
    both = full(tga(3, 16, channels(PICTURE, "ra", "u8")))
    np.testing.assert_array_equal(both[..., [0, 3]], PICTURE[..., [0, 3]])


def test_an_extension_that_says_no_alpha_is_believed() -> None:
    extension = bytes(494) + b"\0"
    file = tga(2, 32, channels(PICTURE, "bgra", "u8"))
    footer = struct.pack("<II", len(file), 0) + b"TRUEVISION-XFILE.\0"
    np.testing.assert_array_equal(tagged(file + extension + footer), OPAQUE)


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "P"])
@pytest.mark.parametrize("compression", [None, "tga_rle"])
@given(seed=st.integers(0, 1000))
def test_what_pillow_writes_is_read_alike(mode: str, compression: str | None, seed: int) -> None:
    noise = np.random.default_rng(seed).integers(0, 3, (7, 9, 4), np.uint8) * 100
    image = Image.fromarray(noise).convert("RGB" if mode == "P" else mode)
    image = image.quantize(8) if mode == "P" else image
    written = io.BytesIO()
    image.save(written, "TGA", compression=compression)
    wanted = image.convert("RGBA" if mode in {"LA", "RGBA"} else "RGB")
    np.testing.assert_array_equal(tagged(written.getvalue()), np.asarray(wanted))


@pytest.mark.parametrize(
    ("file", "words"),
    [
        pytest.param(tga(2, 32, bytes(40)), "cut short", id="cut short"),
        pytest.param(tga(10, 32, b"\x90\1\2\3\4"), "runs", id="too few runs"),
        pytest.param(tga(1, 8, bytes([9] * 128), colour_map=bytes(12), map_fields=(0, 3, 32)), "map", id="colour"),
        pytest.param(tga(2, 24, bytes(384), 0xE0), "order", id="rows in no order"),
        pytest.param(tga(2, 24, b"", width=60_000, height=60_000), "pixels", id="giant"),
    ],
)
def test_what_is_broken_is_named(file: bytes, words: str) -> None:
    with pytest.raises(ImageRejectedError, match=words):
        decode(file, ImageLimits())


def test_a_bit_of_alpha_that_the_header_does_not_announce_is_none() -> None:
    data = bits(PICTURE, "<u2", [("b", 5), ("g", 5), ("r", 5), ("a", 1)])
    assert tagged(tga(2, 16, data)).shape[2] == 3


def test_alpha_of_the_header_counts_where_the_extension_says_that_there_is_none() -> None:
    """Paint Shop Pro wrote 0 into every extension, and 8 bits of alpha into the headers of icons that have them."""
    stored = channels(PICTURE, "bgra", "u8")
    np.testing.assert_array_equal(tagged(with_extension(tga(2, 32, stored, 0x28), 0)), PICTURE)
    np.testing.assert_array_equal(tagged(with_extension(tga(2, 32, stored, 0x20), 0)), PICTURE[..., :3])


def with_extension(data: bytes, alpha: int) -> bytes:
    """Return the file with a footer, whose extension says what its alpha is."""
    extension = struct.pack("<H", 495) + bytes(492) + bytes([alpha])
    return data + extension + struct.pack("<II", len(data), 0) + b"TRUEVISION-XFILE.\0"


@pytest.mark.parametrize(("alpha", "bands"), [(1, 3), (2, 3), (3, 4)])
def test_alpha_that_the_extension_calls_undefined_is_none(alpha: int, bands: int) -> None:
    pixels = tagged(with_extension(tga(2, 32, channels(PICTURE, "bgra", "u8"), 0x28), alpha))
    np.testing.assert_array_equal(pixels, PICTURE[..., :bands])


def test_colours_that_the_extension_calls_multiplied_are_divided_by_their_alpha(tmp_path: Path) -> None:
    multiplied = PICTURE.copy()
    multiplied[..., :3] = np.rint(PICTURE[..., :3] * (PICTURE[..., 3:] / 255))
    data = with_extension(tga(2, 32, channels(multiplied, "bgra", "u8"), 0x28), 4)
    for pixels in through_both({"a.tga": data}, tmp_path)["a.tga"]:
        assert farthest(pixels, PICTURE) <= 2

"""BMP files of 16 and 32 bits a pixel: masks wherever they are, alpha where it says anything."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from consumer.imaging.decode import decode
from consumer.imaging.errors import ImageRejectedError
from consumer.imaging.picture import ImageLimits
from tests.unit.imaging.doors import farthest, tagged, through_both
from tests.unit.imaging.making import HEIGHT, WIDTH, Array, bits, channels, mosaic

PICTURE = mosaic()
_OF_16: dict[str, tuple[tuple[int, ...], list[tuple[str, int]], int]] = {
    "4444": ((0xF00, 0xF0, 0xF, 0xF000), [("b", 4), ("g", 4), ("r", 4), ("a", 4)], 8),
    "1555": ((0x7C00, 0x3E0, 0x1F, 0x8000), [("b", 5), ("g", 5), ("r", 5), ("a", 1)], 4),
    "565": ((0xF800, 0x7E0, 0x1F, 0), [("b", 5), ("g", 6), ("r", 5)], 4),
}


def bmp(data: bytes, depth: int, masks: tuple[int, ...], *, header_bytes: int = 108, height: int = HEIGHT) -> bytes:
    """Return a BMP file of colours by masks; their rows come last first, unless the height is negative."""
    head = struct.pack("<IiiHHIIiiII", header_bytes, WIDTH, height, 1, depth, 3, len(data), 0, 0, 0, 0)
    behind = struct.pack("<4I", *masks)
    behind = behind.ljust(header_bytes - 40, b"\0") if header_bytes > 40 else behind[:12]
    start = 14 + len(head) + len(behind)
    return b"BM" + struct.pack("<IHHI", start + len(data), 0, 0, start) + head + behind + data


def _wanted(name: str) -> Array:
    wanted = PICTURE.copy()
    if name == "1555":
        wanted[..., 3] = np.where(PICTURE[..., 3] > 127, 255, 0)
    elif name == "565":
        wanted[..., 3] = 255
    return wanted


@pytest.mark.parametrize("name", _OF_16)
def test_words_of_16_bits_keep_their_alpha_through_both_doors(name: str, tmp_path: Path) -> None:
    masks, fields, tolerance = _OF_16[name]
    data = bits(PICTURE[::-1], "<u2", fields)
    for pixels in through_both({"a.bmp": bmp(data, 16, masks)}, tmp_path)["a.bmp"]:
        assert farthest(pixels, _wanted(name)) <= tolerance


@pytest.mark.parametrize("header_bytes", [40, 56, 108, 124])
@pytest.mark.parametrize("order", ["rgba", "bgra", "abgr", "argb"])
def test_masks_of_32_bits_say_the_order(order: str, header_bytes: int) -> None:
    """The oldest header has no room for a mask of alpha."""
    masks = tuple(0xFF << 8 * order.index(channel) for channel in "rgba")
    pixels = tagged(bmp(channels(PICTURE, order, "u8"), 32, masks, header_bytes=header_bytes, height=-HEIGHT))
    np.testing.assert_array_equal(pixels, PICTURE if header_bytes > 40 else PICTURE[..., :3])


def test_ten_bits_a_colour_are_rounded() -> None:
    data = bits(PICTURE[::-1], "<u4", [("b", 10), ("g", 10), ("r", 10)])
    masks = (0x3FF << 20, 0x3FF << 10, 0x3FF, 0)
    assert farthest(tagged(bmp(data, 32, masks)), PICTURE[..., :3]) <= 1


def test_alpha_that_is_0_everywhere_is_none() -> None:
    invisible = PICTURE.copy()
    invisible[..., 3] = 0
    masks = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    pixels = tagged(bmp(channels(invisible[::-1], "bgra", "u8"), 32, masks))
    np.testing.assert_array_equal(pixels, PICTURE[..., :3])


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (bmp(bytes(100), 32, (0xFF0000, 0xFF00, 0xFF, 0)), "cut short"),
        (bmp(bytes(512), 32, (0xF0F000, 0xFF00, 0xFF, 0)), "masks .* not read: save it as PNG"),
    ],
)
def test_what_is_not_read_is_named(file: bytes, words: str) -> None:
    with pytest.raises(ImageRejectedError, match=words):
        decode(file, ImageLimits())

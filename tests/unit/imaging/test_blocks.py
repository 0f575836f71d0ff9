"""Block-compressed texels: against a second reader, and where that one or Pillow is wrong against the specification."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest
import texture2ddecoder

from consumer.imaging.errors import ImageRejectedError
from consumer.imaging.texels import blocks, eac, mobile
from consumer.imaging.texels.bc6h_signed import BC6H_SIGNED
from consumer.imaging.texels.texel_format import TexelFormat

WIDTH, HEIGHT = 64, 32
# All pixels but the first, whose index is a bit shorter, take the second end as it is.
_SECOND = sum(15 << place for place in range(68, 128, 4))


def noise(block_bytes: int) -> Any:
    return np.random.default_rng(block_bytes).integers(0, 256, (WIDTH * HEIGHT // 16, block_bytes), np.uint8)


def second_opinion(name: str, data: bytes) -> Any:
    """Return RGBA of texture2ddecoder."""
    texels = getattr(texture2ddecoder, f"decode_{name}")(data, WIDTH, HEIGHT)
    return np.frombuffer(texels, np.uint8).reshape(HEIGHT, WIDTH, 4)[..., [2, 1, 0, 3]]


@pytest.mark.parametrize(
    ("texels", "name", "bands"),
    [
        pytest.param(blocks.BC1, "bc1", [0, 1, 2], id="BC1"),
        pytest.param(blocks.BC4, "bc4", [0], id="BC4"),
        pytest.param(blocks.BC5, "bc5", [0, 1], id="BC5"),
        pytest.param(blocks.BC7, "bc7", [0, 1, 2, 3], id="BC7"),
        pytest.param(eac.EAC_R, "eacr", [0], id="EAC R"),
        pytest.param(eac.EAC_RG, "eacrg", [0, 1], id="EAC RG"),
    ],
)
def test_a_second_reader_sees_the_same(texels: TexelFormat, name: str, bands: list[int]) -> None:
    data = noise(texels.size_bytes(4, 4))
    if name == "bc7":
        data[data[:, 0] == 0, 0] = 1  # no mode at all
    first = texels.decode(data.tobytes(), WIDTH, HEIGHT)
    assert np.abs(first[..., bands].astype(int) - second_opinion(name, data.tobytes())[..., bands]).max() <= 1


@pytest.mark.parametrize("texels", [mobile.PVRTC_RGBA4, mobile.PVRTC_RGBA2], ids=["4 bits", "2 bits"])
def test_small_pvrtc_is_the_corner_of_the_smallest_that_there_is(texels: TexelFormat) -> None:
    """Four blocks at least are kept, since each is blended with its neighbours."""
    data = np.random.default_rng(1).integers(0, 256, texels.size_bytes(2, 4), np.uint8).tobytes()
    smallest = texels.decode(data, 16 if texels is mobile.PVRTC_RGBA2 else 8, 8)
    np.testing.assert_array_equal(texels.decode(data, 2, 4), smallest[:4, :2])


def test_pvrtc_has_sides_of_powers_of_two() -> None:
    with pytest.raises(ImageRejectedError, match="100 by 64 pixels of PVRTC, whose sides are powers of two"):
        mobile.PVRTC_RGB4.decode(bytes(100 * 64 // 2), 100, 64)


def test_bc3_has_four_colours_whichever_of_its_ends_is_larger() -> None:
    """texture2ddecoder 1.0.6 reads such blocks as if they were BC1's, with a third colour in the middle and black."""
    low, high = 0x0000, 0xFFFF
    data = bytes([255, 255, 0, 0, 0, 0, 0, 0]) + struct.pack("<HHI", low, high, 0b11_10_01_00)
    pixels = blocks.BC3.decode(data, 4, 4)
    assert np.abs(pixels[0, :, 0].astype(int) - [0, 255, 85, 170]).max() <= 1
    assert pixels[..., 3].min() == 255


def _reference(block: bytes) -> list[float]:
    """Decode signed BC4 as Microsoft's page says, pixel by pixel, to levels of 8 bits."""
    first, last = (max(int(np.int8(byte)), -127) for byte in np.frombuffer(block[:2], np.int8))
    steps = 7 if first > last else 5
    line = [first, last, *(((steps - at) * first + at * last) / steps for at in range(1, steps))]
    line += [] if steps == 7 else [-127, 127]
    word = int.from_bytes(block[2:], "little")
    return [(line[word >> 3 * pixel & 7] + 127) / 254 * 255 for pixel in range(16)]


def test_signed_channels_follow_their_specification() -> None:
    data = noise(8)
    pixels = blocks.BC4_SIGNED.decode(data.tobytes(), WIDTH, HEIGHT)[..., 0]
    tiles = pixels.reshape(HEIGHT // 4, 4, WIDTH // 4, 4).swapaxes(1, 2).reshape(-1, 16)
    wanted = [_reference(block.tobytes()) for block in data]
    assert np.abs(tiles - np.array(wanted)).max() <= 1
    both = blocks.BC5_SIGNED.decode(np.hstack([data, data[::-1]]).tobytes(), WIDTH, HEIGHT)
    np.testing.assert_array_equal(both[..., 0], pixels)


def _in_full(value: int) -> bytes:
    """Encode two ends of ten bits a channel, both the same."""
    fields = sum((value & 0x3FF) << place for place in (5, 15, 25, 35, 45, 55))
    return (0b00011 | fields | _SECOND).to_bytes(16, "little")


def _by_difference(value: int) -> bytes:
    """Encode one end of eleven bits a channel and no difference to it; the upper bit stands apart."""
    low = sum((value & 0x3FF) << place for place in (5, 15, 25))
    top = sum((value >> 10 & 1) << place for place in (44, 54, 64))
    return (0b00111 | low | top | _SECOND).to_bytes(16, "little")


@pytest.mark.parametrize(
    ("block", "level"),
    [
        pytest.param(_in_full(-200), 0, id="below zero, in full"),
        pytest.param(_by_difference(-400), 0, id="below zero, by difference"),
        pytest.param(_in_full(200), 36, id="above zero, in full"),
        pytest.param(_by_difference(400), 36, id="above zero, by difference"),
    ],
)
def test_high_range_below_zero_is_black(block: bytes, level: int) -> None:
    assert np.abs(BC6H_SIGNED.decode(block, 4, 4).astype(int) - level).max() <= 1


def test_high_range_above_zero_is_what_the_unsigned_reader_sees() -> None:
    """Of ends in full; without the sign a number has a bit more, and so its steps are half as large."""
    values = np.random.default_rng(1).integers(0, 256, (32, 6))
    indices = 0x0123_4567_89AB_CDEF << 65 & (1 << 128) - 1
    for ends in values:
        signed = sum(int(end) << place for end, place in zip(ends, (5, 15, 25, 35, 45, 55), strict=True))
        unsigned = sum(int(2 * end) << place for end, place in zip(ends, (5, 15, 25, 35, 45, 55), strict=True))
        first, second = (
            texels.decode((0b00011 | fields | indices).to_bytes(16, "little"), 4, 4)
            for texels, fields in ((BC6H_SIGNED, signed), (blocks.BC6H, unsigned))
        )
        assert np.abs(first.astype(int) - second).max() <= 4


@pytest.mark.parametrize("number", range(32))
def test_every_mode_number_of_high_range_gives_pixels(number: int) -> None:
    data = noise(16)
    data[:, 0] = data[:, 0] & 0xE0 | number
    assert BC6H_SIGNED.decode(data.tobytes(), WIDTH, HEIGHT).shape == (HEIGHT, WIDTH, 3)


@pytest.mark.parametrize(("base", "multiplier", "wanted"), [(0, 0, 128), (127, 0, 254), (0x80, 0, 1), (64, 1, 193)])
def test_signed_eac_is_the_nearest_level(base: int, multiplier: int, wanted: int) -> None:
    """Eleven bits from -1023 to 1023, whose middle is 128; -128 is -127, and a multiplier of 0 makes steps of one bit.

    Of two channels the third is the middle too, as in all formats of a sign. texture2ddecoder is up to two levels off.
    """
    two_steps_up = sum(4 << place for place in range(0, 48, 3)).to_bytes(6, "big")
    block = bytes([base, multiplier << 4]) + two_steps_up
    assert eac.EAC_R_SIGNED.decode(block, 4, 4)[..., 0].tolist() == [[wanted] * 4] * 4
    assert eac.EAC_RG_SIGNED.decode(block * 2, 4, 4)[0, 0].tolist() == [wanted, wanted, 128]


def test_texels_of_eac_come_column_by_column() -> None:
    places = [4, 5, 6, 7, *([3] * 12)]
    bits = 0
    for place in places:
        bits = bits << 3 | place
    block = bytes([128, 0x10]) + bits.to_bytes(6, "big")
    column = eac.EAC_R.decode(block, 4, 4)[..., 0]
    assert (np.diff(column[:, 0].astype(int)) > 0).all()
    assert (column[:, 1:] == column[0, 1]).all()

"""TIFFs of more than 8 bits: grey of whole numbers and floats, with alpha and without, whichever end is white."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from consumer.imaging.decode import read
from consumer.imaging.errors import ImageRejectedError
from consumer.imaging.picture import ImageLimits
from tests.unit.imaging.doors import Array, through_both

_ENTRY = struct.Struct("<HHI")
_WHOLE, _SIGNED, _FLOAT = 1, 2, 3
RAMP = np.linspace(0, 1, 32).reshape(4, 8)


def tiff(values: Array, kind: int = _WHOLE, *, white_is_zero: bool = False, orientation: int = 1) -> bytes:
    """Return a TIFF of [H, W, bands], grey and unassociated alpha, its directory before its pixels."""
    height, width, bands = values.shape
    data = values.astype(values.dtype.newbyteorder("<")).tobytes()
    bits = values.dtype.itemsize * 8
    tags: list[tuple[int, int, list[int]]] = [
        *((256, 4, [width]), (257, 4, [height]), (258, 3, [bits] * bands), (259, 3, [1])),
        *((262, 3, [0 if white_is_zero else 1]), (273, 4, [0]), (274, 3, [orientation]), (277, 3, [bands])),
        *((278, 4, [height]), (279, 4, [len(data)]), *([(338, 3, [2])] if bands == 2 else [])),
        (339, 3, [kind] * bands),
    ]
    start = 8 + 2 + 12 * len(tags) + 4
    entries = b""
    for tag, size, numbers in tags:
        packed = struct.pack(f"<{len(numbers)}{'H' if size == 3 else 'I'}", *numbers)
        entries += _ENTRY.pack(tag, size, len(numbers))
        entries += struct.pack("<I", start) if tag == 273 else packed.ljust(4, b"\0")
    return struct.pack("<2sHIH", b"II", 42, 8, len(tags)) + entries + bytes(4) + data


def pixels_of(data: bytes) -> Array:
    return read(data, ImageLimits()).pixels


@pytest.mark.parametrize("white_is_zero", [False, True])
@pytest.mark.parametrize("dtype", ["u2", "u4"])
def test_grey_keeps_sixteen_bits_whichever_end_is_white(dtype: str, white_is_zero: bool, tmp_path: Path) -> None:
    most = np.iinfo(dtype).max
    stored = np.rint((1 - RAMP if white_is_zero and dtype == "u2" else RAMP) * most).astype(dtype)[..., None]
    data = tiff(stored, white_is_zero=white_is_zero and dtype == "u2")
    assert np.abs(pixels_of(data)[..., 0] - RAMP * 65535).max() <= 1.5
    for pixels in through_both({"height.tif": data}, tmp_path)["height.tif"]:
        assert np.abs(pixels[..., 1] - RAMP * 255).max() <= 1


@pytest.mark.parametrize("dtype", ["f2", "f4"])
@pytest.mark.parametrize("largest", [0.5, 1.0, 40.0])
def test_heights_above_one_are_scaled_and_others_are_not(dtype: Any, largest: float) -> None:
    found = pixels_of(tiff((RAMP * largest).astype(dtype)[..., None], _FLOAT))
    assert found.dtype == np.uint16
    assert np.abs(found[..., 0] / 65535 - RAMP * min(largest, 1)).max() <= 1e-3


@pytest.mark.parametrize("dtype", ["i1", "i2", "i4"])
def test_nothing_is_the_middle_of_signed_grey(dtype: str, tmp_path: Path) -> None:
    """As in Unity's signed textures; what lies below is darker, and not black."""
    least, most = np.iinfo(dtype).min, np.iinfo(dtype).max
    data = tiff(np.rint(least + RAMP * (most - least)).astype(dtype)[..., None], _SIGNED)
    found = pixels_of(data)
    assert np.abs(found[..., 0] / (255 if dtype == "i1" else 65535) - RAMP).max() <= (
        0.5 / 255 if dtype == "i1" else 2e-5
    )
    for pixels in through_both({"height.tif": data}, tmp_path)["height.tif"]:
        assert np.abs(pixels[..., 1] - RAMP * 255).max() <= 1
    assert pixels_of(tiff(np.zeros((4, 8, 1), dtype), _SIGNED))[0, 0, 0] == (128 if dtype == "i1" else 32768)


def apart(values: Array, extra: tuple[int, ...] = ()) -> bytes:
    """Return an uncompressed TIFF of RGB or RGBA whose channels lie one behind the other."""
    height, width, bands = values.shape
    planes = [np.ascontiguousarray(values[..., band]).tobytes() for band in range(bands)]
    start = 8 + 2 + 12 * (11 + bool(extra)) + 4
    numbers = {256: (4, [width]), 257: (4, [height]), 258: (3, [16] * bands), 259: (3, [1]), 262: (3, [2])}
    numbers |= {273: (4, [0] * bands), 277: (3, [bands]), 278: (4, [height]), 279: (4, [len(planes[0])] * bands)}
    numbers |= {284: (3, [2]), **({338: (3, list(extra))} if extra else {}), 339: (3, [1] * bands)}
    behind = sum(len(some) * (2 if kind == 3 else 4) for kind, some in numbers.values() if len(some) > 1)
    numbers[273] = (4, [start + behind + len(planes[0]) * band for band in range(bands)])
    entries, far = b"", b""
    for tag, (kind, some) in numbers.items():
        packed = struct.pack(f"<{len(some)}{'H' if kind == 3 else 'I'}", *some)
        place = packed.ljust(4, b"\0") if len(packed) <= 4 else struct.pack("<I", start + len(far))
        far += packed if len(packed) > 4 else b""
        entries += _ENTRY.pack(tag, kind, len(some)) + place
    return struct.pack("<2sHIH", b"II", 42, 8, len(numbers)) + entries + bytes(4) + far + b"".join(planes)


def _in_tiles(strips: bytes) -> bytes:
    """Return the TIFF with its strips of 16 by 16 pixels called tiles; tags that both have need the same order."""
    data = bytearray(strips)
    for tag, instead in ((273, 324), (279, 325)):
        at = data.index(struct.pack("<HHI", tag, 4, 3))
        struct.pack_into("<H", data, at, instead)
    at = data.index(struct.pack("<HHI", 278, 4, 1))
    data[at : at + 12] = struct.pack("<HHII", 322, 4, 1, 16)
    at = data.index(struct.pack("<HHI", 339, 3, 3))
    data[at : at + 12] = struct.pack("<HHII", 323, 4, 1, 16)
    return bytes(data)


@pytest.mark.parametrize("bands", [3, 4])
def test_channels_of_16_bits_may_lie_one_behind_the_other(bands: int, tmp_path: Path) -> None:
    values = np.random.default_rng(1).integers(0, 65536, (8, 16, bands)).astype("<u2")
    data = apart(values, (2,) if bands == 4 else ())
    for pixels in through_both({"deep.tif": data}, tmp_path)["deep.tif"]:
        assert np.abs(pixels - values / 257).max() <= 1


def test_a_fourth_channel_that_is_not_said_to_be_alpha_is_none() -> None:
    values = np.random.default_rng(1).integers(0, 65536, (8, 16, 4)).astype("<u2")
    assert pixels_of(apart(values, (0,))).shape == (8, 16, 3)


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
def test_grey_multiplied_by_its_alpha_is_divided(dtype: Any) -> None:
    """As the file's tag says, by 1 where others say 2."""
    most = 1 if dtype == "f4" else np.iinfo(dtype).max
    alpha = np.linspace(0.2, 1, 32).reshape(4, 8)
    stored = (np.stack([RAMP * alpha, alpha], axis=-1) * most).astype(dtype)
    unassociated = tiff(stored, _FLOAT if dtype == "f4" else _WHOLE)
    associated = unassociated.replace(struct.pack("<HHIHH", 338, 3, 1, 2, 0), struct.pack("<HHIHH", 338, 3, 1, 1, 0))
    assert associated != unassociated
    found = pixels_of(associated)
    # A level of grey is several where a fifth of it is stored.
    assert np.abs(found[..., 0] - RAMP * 255).max() <= 5
    assert np.abs(found[..., 1] - alpha * 255).max() <= 1


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ({258: 12}, "TIFF of 12 bits a channel, which is not read: save it"),
        ({258: 64, 339: 3}, "TIFF of 64 bits a channel, which is not read: save it"),
    ],
)
def test_depths_that_are_not_read_are_named(tags: dict[int, int], words: str) -> None:
    data = bytearray(tiff(np.zeros((4, 8, 1), "u2")))
    for tag, value in tags.items():
        at = data.index(struct.pack("<HHI", tag, 3, 1)) + 8
        struct.pack_into("<H", data, at, value)
    with pytest.raises(ImageRejectedError, match=words):
        read(bytes(data), ImageLimits())


def test_tiles_of_one_channel_each_are_named() -> None:
    """Libvips does not read them, and Pillow takes one channel for the next."""
    with pytest.raises(ImageRejectedError, match="in tiles of one channel each, which is not read: save it"):
        read(_in_tiles(apart(np.zeros((16, 16, 3), "<u2"))), ImageLimits())


@pytest.mark.parametrize("bands", [2, 3])
def test_signed_colours_are_refused_with_what_to_do(bands: int) -> None:
    with pytest.raises(ImageRejectedError, match="save it as PNG"):
        read(tiff(np.zeros((4, 8, bands), "i2"), _SIGNED), ImageLimits())


@pytest.mark.parametrize(("dtype", "kind"), [("u2", _WHOLE), ("f4", _FLOAT)])
def test_grey_with_alpha_has_both(dtype: Any, kind: int, tmp_path: Path) -> None:
    most = 65535 if kind == _WHOLE else 1
    data = tiff((np.stack([RAMP, 1 - RAMP], axis=-1) * most).astype(dtype), kind)
    for pixels in through_both({"a.tif": data}, tmp_path)["a.tif"]:
        assert np.abs(pixels[..., 1] - RAMP * 255).max() <= 1
        assert np.abs(pixels[..., 3] - (1 - RAMP) * 255).max() <= 1


def test_deep_grey_is_turned_upright() -> None:
    values = np.rint(RAMP * 65535).astype("u2")[..., None]
    turned = pixels_of(tiff(values, orientation=6))
    np.testing.assert_array_equal(turned, np.rot90(values, 3))


@pytest.mark.parametrize("part", [0.5, 0.95])
@pytest.mark.parametrize("dtype", ["u2", "f4"])
def test_what_is_cut_short_is_no_picture(dtype: Any, part: float) -> None:
    """Libvips fills what is missing, unless it is told not to."""
    data = tiff((RAMP * 60000).astype(dtype)[..., None], _WHOLE if dtype == "u2" else _FLOAT)
    with pytest.raises(ImageRejectedError):
        read(data[: int(len(data) * part)], ImageLimits())

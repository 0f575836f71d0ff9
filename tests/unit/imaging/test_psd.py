"""Photoshop files: the flattened picture, in every depth and packing that is claimed."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from consumer.imaging.decode import decode, read
from consumer.imaging.errors import ImageRejectedError
from consumer.imaging.picture import ImageLimits
from tests.unit.imaging.doors import as_rgba, tagged, through_both
from tests.unit.imaging.making import mosaic, psd

PICTURE = mosaic()
PLANES = list(np.moveaxis(PICTURE, -1, 0))
DEEP = [plane.astype(np.uint16) * 257 for plane in PLANES]
MASK = np.full(PLANES[0].shape, 99, np.uint8)


def test_the_picture_comes_out_whatever_its_depth_and_packing(tmp_path: Path) -> None:
    """A fourth channel is alpha, and a fifth does not take it away."""
    files = {
        f"{depth}-{bands}-{large}-{packed}.ps{'b' if large else 'd'}": psd(
            3, depth, [*(PLANES if depth == 8 else DEEP)[:bands], *[MASK] * (bands == 5)], large=large, packed=packed
        )
        for depth in (8, 16)
        for bands in (3, 4, 5)
        for large in (False, True)
        for packed in (False, True)
    }
    found = through_both(files, tmp_path)
    assert set(found) == set(files)
    for name, both in found.items():
        wanted = PICTURE[..., :3] if "-3-" in name else PICTURE
        for pixels in both:
            np.testing.assert_array_equal(pixels, wanted, err_msg=name)


def test_grey_keeps_its_alpha() -> None:
    pixels = tagged(psd(1, 8, [PLANES[0], PLANES[3]]))
    np.testing.assert_array_equal(pixels, np.dstack([*[PLANES[0]] * 3, PLANES[3]]))


def test_grey_of_sixteen_bits_keeps_them() -> None:
    picture = read(psd(1, 16, [DEEP[0]]), ImageLimits())
    assert picture.mode == "I;16"
    np.testing.assert_array_equal(picture.pixels[..., 0], DEEP[0])


def test_ink_counts_from_full_to_none() -> None:
    """Photoshop stores CMYK the other way round: 255 is no ink."""
    ink = [np.full((8, 16), level, np.uint8) for level in (255, 255, 0, 255)]
    assert as_rgba(tagged(psd(4, 8, ink)))[0, 0].tolist() == [255, 255, 0, 255]


def test_lab_has_the_colour_that_it_means() -> None:
    lab = [np.full((8, 16), level, np.uint8) for level in (138, 208, 195)]  # L 54, a 80, b 67: red
    assert np.abs(as_rgba(tagged(psd(9, 8, lab)))[0, 0] - (255, 0, 0, 255)).max() <= 12


@pytest.mark.parametrize(
    ("file", "words"),
    [
        pytest.param(psd(3, 16, DEEP[:3])[:300], "cut short", id="cut short"),
        pytest.param(psd(3, 8, PLANES[:3])[:30], "cut short", id="no picture"),
        pytest.param(b"8BPS\0\1" + psd(3, 8, PLANES[:3])[6:22] + b"\0\x20\0\3", "32 bits .* PNG", id="32 bits"),
        pytest.param(psd(3, 8, PLANES[:2]), "2 channels", id="too few channels"),
    ],
)
def test_what_is_not_read_is_named(file: bytes, words: str) -> None:
    with pytest.raises(ImageRejectedError, match=words):
        decode(file, ImageLimits())


def on_white(planes: list[np.ndarray]) -> list[np.ndarray]:
    """Return colours and alpha as Photoshop keeps them in the flattened picture of transparent layers."""
    alpha = planes[-1] / 255
    return [*(np.rint(plane * alpha + 255 * (1 - alpha)).astype(np.uint8) for plane in planes[:-1]), planes[-1]]


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize(
    "layers",
    [pytest.param(struct.pack(">h", -1), id="count"), pytest.param(b"8BIMMt16" + bytes(4), id="mark of 16 bits")],
)
@pytest.mark.parametrize("bands", [[0, 3], [0, 1, 2, 3]])
def test_transparent_layers_are_taken_off_the_white_on_which_they_were_flattened(
    large: bool, layers: bytes, bands: list[int]
) -> None:
    planes = [PLANES[place] for place in bands]
    section = bytes(8 if large else 4) if layers.startswith(b"8BIM") else struct.pack(">Q" if large else ">I", 2)
    flattened = psd(3 if len(bands) == 4 else 1, 8, on_white(planes), large=large, layers=section + layers)
    pixels = tagged(flattened)
    wanted = np.dstack([*planes[:-1] * (3 // (len(bands) - 1)), planes[-1]])
    assert np.abs(pixels.astype(int) - wanted).max() <= 3


def test_alpha_that_was_saved_beside_opaque_layers_blends_nothing() -> None:
    layers = struct.pack(">Ih", 2, 1)
    np.testing.assert_array_equal(tagged(psd(3, 8, PLANES, layers=layers)), PICTURE)

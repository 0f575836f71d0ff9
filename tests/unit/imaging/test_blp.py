"""BLP files of both ages, in every packing that is read."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from consumer.imaging.decode import read
from consumer.imaging.errors import ImageRejectedError
from consumer.imaging.picture import ImageLimits
from tests.unit.imaging.doors import tagged, through_both
from tests.unit.imaging.making import bc1, bc2, bc3, channels, in_tiles, mosaic
from tests.unit.producer.making import extracted
from tests.unit.producer.unity_making import reasons

PICTURE = mosaic()
HEIGHT, WIDTH = PICTURE.shape[:2]
TILE_OF_WHITE = (4, 4)
COLOURS, PLACES = np.unique(PICTURE[..., :3].reshape(-1, 3), axis=0, return_inverse=True)
# Blue, green, red, and a fourth byte that means nothing.
PALETTE = np.hstack([COLOURS[:, ::-1], np.zeros((len(COLOURS), 1), np.uint8)]).tobytes().ljust(1024, b"\0")


def newer(packing: int, alpha_bits: int, alpha_kind: int, texels: bytes, palette: bytes = bytes(1024)) -> bytes:
    head = struct.pack("<4sI4B2I", b"BLP2", 1, packing, alpha_bits, alpha_kind, 0, WIDTH, HEIGHT)
    return head + struct.pack("<32I", 1172, *[0] * 15, len(texels), *[0] * 15) + palette + texels


def older(packing: int, alpha_bits: int, texels: bytes, behind: bytes, kind: int = 4) -> bytes:
    head = struct.pack("<4s6I", b"BLP1", packing, alpha_bits, WIDTH, HEIGHT, kind, 0)
    return head + struct.pack("<32I", 156 + len(behind), *[0] * 15, len(texels), *[0] * 15) + behind + texels


def alpha_of(bits: int) -> tuple[bytes, np.ndarray]:
    """Return the alpha of the picture in so many bits, packed, and as levels."""
    most = (1 << bits) - 1
    values = np.rint(PICTURE[..., 3] / 255 * most).astype(np.uint8).ravel()
    unpacked = (values[:, None] >> np.arange(bits, dtype=np.uint8)) & 1
    packed = np.packbits(unpacked.ravel(), bitorder="little").tobytes()
    return packed, (values.astype(int) * 255 // most).reshape(HEIGHT, WIDTH).astype(np.uint8)


def test_blocks_are_those_of_other_files(tmp_path: Path) -> None:
    """White is white: Pillow's own reader leaves it at 248."""
    files = {
        "opaque.blp": newer(2, 0, 0, in_tiles(PICTURE, bc1)),
        "four.blp": newer(2, 8, 1, in_tiles(PICTURE, bc2)),
        "eight.blp": newer(2, 8, 7, in_tiles(PICTURE, bc3)),
        "plain.blp": newer(3, 8, 0, channels(PICTURE, "bgra", "u8")),
    }
    for name, both in through_both(files, tmp_path).items():
        for pixels in both:
            wanted = PICTURE[..., : pixels.shape[2]]
            assert pixels.shape[2] == (3 if name == "opaque.blp" else 4)
            assert np.abs(pixels.astype(int) - wanted).max() <= 4, name
            assert pixels[TILE_OF_WHITE].tolist() == [255] * pixels.shape[2]


@pytest.mark.parametrize("bits", [0, 1, 4, 8])
@pytest.mark.parametrize("is_old", [False, True])
def test_palettes_have_their_alpha_behind_the_indices(bits: int, is_old: bool) -> None:
    packed, alpha = alpha_of(bits) if bits else (b"", None)
    texels = PLACES.astype(np.uint8).tobytes() + packed
    pixels = tagged(older(1, bits, texels, PALETTE) if is_old else newer(1, bits, 8, texels, PALETTE))
    np.testing.assert_array_equal(pixels[..., :3], PICTURE[..., :3])
    if alpha is None:
        assert pixels.shape[2] == 3
    else:
        np.testing.assert_array_equal(pixels[..., 3], alpha)


def test_the_old_kind_of_palette_without_alpha_is_opaque() -> None:
    assert tagged(older(1, 8, PLACES.astype(np.uint8).tobytes(), PALETTE, kind=5)).shape[2] == 3


@pytest.mark.parametrize("alpha_bits", [0, 8])
def test_jpegs_hold_blue_green_red_and_alpha(alpha_bits: int) -> None:
    """Four channels of which a reader of JPEG says that they are ink."""
    channels_of_ink = Image.fromarray(np.ascontiguousarray(PICTURE[..., [2, 1, 0, 3]]), "CMYK")
    written = io.BytesIO()
    channels_of_ink.save(written, "JPEG", quality=100, subsampling=0)
    # Pillow writes ink turned round, and says so in a segment of Adobe's, which the game's files have not.
    jpeg = _without_adobe(written.getvalue())
    head, rest = jpeg[:40], jpeg[40:]
    pixels = tagged(older(0, alpha_bits, rest, struct.pack("<I", len(head)) + head))
    assert pixels.shape[2] == (4 if alpha_bits else 3)
    turned = 255 - PICTURE[..., : pixels.shape[2]].astype(int)
    assert np.abs(pixels.astype(int) - turned).max() <= 12


@pytest.mark.parametrize(("mode", "channels_told"), [("RGB", 3), ("L", 1)])
def test_jpegs_of_other_channels_are_counted_with_what_to_do(mode: str, channels_told: int, tmp_path: Path) -> None:
    """Programs disagree what three are: blue, green and red, or what JPEG has for colours."""
    written = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(PICTURE[..., :3]), "RGB").convert(mode).save(written, "JPEG")
    jpeg = written.getvalue()
    file = older(0, 0, jpeg[40:], struct.pack("<I", 40) + jpeg[:40])
    with pytest.raises(ImageRejectedError, match=f"JPEG of {channels_told} channels, not 4: save it as PNG"):
        read(file, ImageLimits())
    (tmp_path / "wall.blp").write_bytes(file)
    (told,) = reasons(extracted(tmp_path / "wall.blp", tmp_path / "out")).values()
    assert "save it as PNG" in told


def _without_adobe(jpeg: bytes) -> bytes:
    at = jpeg.index(b"\xff\xee")
    (size_bytes,) = struct.unpack_from(">H", jpeg, at + 2)
    return jpeg[:at] + jpeg[at + 2 + size_bytes :]


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (newer(2, 8, 7, bytes(16)), "cut short"),
        (newer(1, 8, 8, bytes(128), PALETTE), "cut short"),
        (newer(1, 3, 8, bytes(300), PALETTE), "3 bits of alpha"),
        (newer(9, 0, 0, bytes(300)), "save it as PNG"),
        (newer(1, 0, 0, bytes(300))[:100], "ends within its header"),
    ],
    ids=["blocks", "alpha", "bits", "packing", "header"],
)
def test_what_is_wrong_is_said_in_words(file: bytes, words: str) -> None:
    with pytest.raises(ImageRejectedError, match=words):
        read(file, ImageLimits())

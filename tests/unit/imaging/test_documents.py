"""OpenRaster and Krita's documents, QOI and Netpbm: known by their first bytes, the same through both doors."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from consumer.imaging.decode import decode, read
from consumer.imaging.errors import ImageRejectedError
from consumer.imaging.picture import ImageLimits
from tests.unit.imaging.doors import through_both
from tests.unit.imaging.making import mosaic
from tests.unit.imaging.test_doors import encoded

PICTURE = mosaic()
OPAQUE = np.ascontiguousarray(PICTURE[..., :3])


def document(mime_type: str, members: dict[str, bytes]) -> bytes:
    """Return a zip archive whose first member, not packed, says what it is."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", mime_type, zipfile.ZIP_STORED)
        for name, data in members.items():
            archive.writestr(name, data)
    return packed.getvalue()


def qoi(picture: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> bytes:
    """Return a QOI file whose pixels are written in full."""
    height, width = picture.shape[:2]
    pixels = b"".join(b"\xff" + bytes(pixel) for pixel in picture.reshape(-1, 4).tolist())
    return b"qoif" + struct.pack(">IIBB", width, height, 4, 0) + pixels + bytes(7) + b"\1"


@pytest.mark.parametrize("mime_type", ["image/openraster", "application/x-krita"])
@pytest.mark.parametrize("name", ["painting.kra", "painting.ora", "painting"])
def test_a_document_is_its_flattened_picture_and_no_archive_of_layers(
    mime_type: str, name: str, tmp_path: Path
) -> None:
    whole, layer = (encoded(Image.fromarray(pixels), "PNG") for pixels in (PICTURE, PICTURE[::-1]))
    data = document(mime_type, {"data/layer0.png": layer, "mergedimage.png": whole, "Thumbnails/t.png": layer})

    found = through_both({name: data}, tmp_path)

    assert list(found) == [name]
    for pixels in found[name]:
        np.testing.assert_array_equal(pixels, PICTURE)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (document("image/openraster", {"stack.xml": b""}), "holds no flattened picture: save it as PNG"),
        (document("image/openraster", {"mergedimage.png": b"no PNG"}), "save it as PNG|no image"),
        (document("image/openraster", {"mergedimage.png": b""})[:-30], "damaged: save it as PNG"),
        # What holds itself would never end.
        (document("image/openraster", {"mergedimage.png": document("image/openraster", {})}), "ORA"),
    ],
)
def test_a_document_without_its_picture_is_named(data: bytes, words: str) -> None:
    with pytest.raises(ImageRejectedError, match=words):
        decode(data, ImageLimits())


def test_qoi_and_netpbm_come_out_right_through_both_doors(tmp_path: Path) -> None:
    """Netpbm as bytes, as 16 bits, as letters, as single bits of which 1 is black, and behind a comment."""
    deep = (OPAQUE.astype(np.uint16) * 257).astype(">u2")
    black = OPAQUE[..., 0] < 128
    letters = " ".join(str(level) for level in OPAQUE[..., 0].ravel().tolist()).encode()
    files = {
        "a.qoi": (qoi(PICTURE), PICTURE),
        "bytes.ppm": (b"P6\n# made here\n16 8\n255\n" + OPAQUE.tobytes(), OPAQUE),
        "deep.ppm": (b"P6 16 8 65535\n" + deep.tobytes(), OPAQUE),
        "letters.pgm": (b"P2\n16 8\n255\n" + letters, np.dstack([OPAQUE[..., 0]] * 3)),
        "bits.pbm": (b"P4 16 8\n" + np.packbits(black, axis=1).tobytes(), np.dstack([~black * np.uint8(255)] * 3)),
    }

    found = through_both({name: data for name, (data, _) in files.items()}, tmp_path)

    for name, (_, wanted) in files.items():
        for pixels in found[name]:
            np.testing.assert_array_equal(pixels, wanted, err_msg=name)


def test_grey_of_netpbm_keeps_its_sixteen_bits() -> None:
    ramp = np.linspace(0, 65535, 128).reshape(8, 16).astype(np.uint16)
    picture = read(b"P5 16 8 65535\n" + ramp.astype(">u2").tobytes(), ImageLimits())
    np.testing.assert_array_equal(picture.pixels[..., 0], ramp)

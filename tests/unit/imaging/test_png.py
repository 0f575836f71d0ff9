"""PNGs that libraries read wrongly, or not at all."""

from __future__ import annotations

import struct
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from consumer.imaging.decode import read
from consumer.imaging.errors import ImageRejectedError
from consumer.imaging.picture import ImageLimits
from tests.unit.imaging.doors import full, tagged, through_both
from tests.unit.imaging.making import mosaic

PICTURE = mosaic()
Chunks = list[tuple[bytes, bytes]]


def png(chunks: Chunks) -> bytes:
    framed = (
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(framed)


def header(width: int, height: int, depth: int, kind: int) -> tuple[bytes, bytes]:
    return b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_a_grey_of_few_bits_means_transparent(depth: int, tmp_path: Path) -> None:
    levels = np.arange(1 << depth, dtype=np.uint8)
    bits = np.unpackbits(levels[:, None], axis=1)[:, 8 - depth :].ravel()
    row = b"\0" + np.packbits(bits).tobytes()
    hidden = len(levels) // 2
    transparent, packed = (b"tRNS", struct.pack(">H", hidden)), (b"IDAT", zlib.compress(row))
    data = png([header(len(levels), 1, depth, 0), transparent, packed, (b"IEND", b"")])
    for pixels in through_both({"a.png": data}, tmp_path)["a.png"]:
        np.testing.assert_array_equal(pixels[0, :, 0], levels.astype(int) * 255 // levels.max())
        np.testing.assert_array_equal(pixels[0, :, 3], np.where(levels == hidden, 0, 255))


def apples(pixels: np.ndarray, chunks: int = 1) -> bytes:
    """Return the picture as Xcode packs it: no frame of zlib's, blue first, multiplied by its alpha."""
    height, width, bands = pixels.shape
    stored = pixels.astype(np.uint16)
    if bands == 4:
        stored[..., :3] = (stored[..., :3] * stored[..., 3:] + 127) // 255
    rows = stored[..., [2, 1, 0, 3][:bands]].astype(np.uint8).reshape(height, -1)
    # Every second row as the difference to the one above.
    differences = np.vstack([rows[:1], rows[1:] - rows[:-1]])
    lines = b"".join(
        b"\2" + up.tobytes() if number % 2 else b"\0" + row.tobytes()
        for number, (row, up) in enumerate(zip(rows, differences, strict=True))
    )
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(lines) + packer.flush()
    step = -(-len(packed) // chunks)
    pieces = [(b"IDAT", packed[at : at + step]) for at in range(0, len(packed), step)]
    first = [(b"CgBI", bytes.fromhex("50002002")), header(width, height, 8, 6 if bands == 4 else 2)]
    return png([*first, *pieces, (b"IEND", b"")])


@pytest.mark.parametrize("bands", [3, 4])
@pytest.mark.parametrize("chunks", [1, 3])
def test_pngs_packed_for_iphones_have_their_colours(bands: int, chunks: int, tmp_path: Path) -> None:
    picture = np.ascontiguousarray(PICTURE[..., :bands])
    for pixels in through_both({"icon.png": apples(picture, chunks)}, tmp_path)["icon.png"]:
        assert pixels.shape == picture.shape
        assert np.abs(pixels.astype(int) - picture).max() <= 2
    assert full(apples(picture)).shape == tagged(apples(picture)).shape


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (png([(b"CgBI", bytes(4)), header(16, 8, 16, 6), (b"IDAT", b"")]), "pngcrush"),
        (png([(b"CgBI", bytes(4)), header(16, 8, 8, 6), (b"IDAT", b"\xff\xff")]), "do not unpack"),
        (png([(b"CgBI", bytes(4)), header(16, 8, 8, 6)]), "cut short"),
        (png([(b"CgBI", bytes(4))]), "no pixels"),
    ],
    ids=["deep", "damaged", "cut short", "no header"],
)
def test_what_is_wrong_with_them_is_said(file: bytes, words: str) -> None:
    with pytest.raises(ImageRejectedError, match=words):
        read(file, ImageLimits())


@pytest.mark.parametrize(("bands", "kind"), [(3, 2), (4, 6)])
def test_while_a_large_picture_is_decoded_others_have_their_turns(bands: int, kind: int) -> None:
    """The event loop among them: heartbeats, health and every other record wait for it else."""
    side = 2048
    pixels = np.random.default_rng(4).integers(0, 16, (side, side, bands), np.uint8)
    rows = np.concatenate([np.zeros((side, 1), np.uint8), pixels.reshape(side, -1)], axis=1)
    data = png([header(side, side, 8, kind), (b"IDAT", zlib.compress(rows.tobytes(), 1)), (b"IEND", b"")])
    turns: list[int] = []
    with ThreadPoolExecutor(1) as threads:
        decoding = threads.submit(read, data, ImageLimits())
        while not decoding.done():
            turns.append(len(turns))
            time.sleep(0.001)

    np.testing.assert_array_equal(decoding.result().pixels, pixels)
    assert len(turns) > 10

"""Both doors read a file alike: what is tagged of a file is what is tagged of the PNG that is extracted from it."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from consumer.imaging.decode import read
from consumer.imaging.picture import ImageLimits
from tests.unit.imaging.doors import Array, full, tagged, through_both
from tests.unit.producer.making import SAMPLES

_IMAGES = sorted(path for path in SAMPLES.rglob("*") if path.suffix == ".png")


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    written = io.BytesIO()
    image.save(written, kind, **options)
    return written.getvalue()


def deep_png(pixels: Array, colour_type: int, transparent: bytes) -> bytes:
    """Return a PNG of 16 bits a channel with a colour that means transparent."""
    height, width = pixels.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    chunks = [b"IHDR" + header, b"tRNS" + transparent, b"IDAT" + zlib.compress(rows), b"IEND"]
    framed = (struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(framed)


def deep_tiff(pixels: Array, order: str) -> bytes:
    """Return a grey TIFF of 16 bits, in this byte order."""
    height, width = pixels.shape
    data = pixels.astype(f"{order}u2").tobytes()
    tags = [(256, 4, width), (257, 4, height), (258, 3, 16), (259, 3, 1), (262, 3, 1), (273, 4, 8), (277, 3, 1)]
    tags += [(278, 4, height), (279, 4, len(data))]
    values = (
        struct.pack(f"{order}{'HH' if kind == 3 else 'I'}", *([value, 0] if kind == 3 else [value]))
        for _, kind, value in tags
    )
    entries = b"".join(
        struct.pack(f"{order}HHI", tag, kind, 1) + value for (tag, kind, _), value in zip(tags, values, strict=True)
    )
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", 42, 8 + len(data))
    return head + data + struct.pack(f"{order}H", len(tags)) + entries + bytes(4)


def test_every_sample_gives_the_same_pixels(tmp_path: Path) -> None:
    """Samples of one name in two folders are told apart by their number."""
    files = {f"{number}.png": path.read_bytes() for number, path in enumerate(_IMAGES)}
    found = through_both(files, tmp_path)
    assert len(found) == len(_IMAGES) >= 50
    for name, (tagger, extraction) in found.items():
        np.testing.assert_array_equal(tagger, extraction, err_msg=str(_IMAGES[int(name[:-4])]))


def test_common_files_give_the_same_pixels(tmp_path: Path) -> None:
    """Also those with a palette, an orientation, frames, transparency by colour, or grey alone."""
    noise = np.random.default_rng(3).integers(0, 256, (24, 32, 4), np.uint8)
    rgba = Image.fromarray(noise)
    turned = Image.Exif()
    turned[0x0112] = 6
    frames = [Image.new("RGBA", (8, 8), (0, 0, 0, 0)), Image.new("RGBA", (8, 8), (250, 0, 0, 255))]
    files = {
        **{f"{mode}.png": encoded(rgba.convert(mode), "PNG") for mode in ("1", "L", "LA", "RGB", "RGBA")},
        "palette.png": encoded(rgba.convert("RGB").quantize(8), "PNG", transparency=0),
        "turned.jpg": encoded(rgba.convert("RGB"), "JPEG", exif=turned.tobytes()),
        "grey.jpg": encoded(rgba.convert("L"), "JPEG"),
        "ink.jpg": encoded(rgba.convert("CMYK"), "JPEG"),
        "frames.gif": encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]),
        "plain.webp": encoded(rgba, "WEBP", lossless=True),
        "plain.bmp": encoded(rgba.convert("RGB"), "BMP"),
        "float.tif": encoded(Image.fromarray(noise[..., 0].astype(np.float32) / 200), "TIFF"),
    }
    found = through_both(files, tmp_path)
    assert set(found) == set(files)
    for name, (tagger, extraction) in found.items():
        np.testing.assert_array_equal(tagger, extraction, err_msg=name)
    assert found["turned.jpg"][0].shape[:2] == (32, 24)
    assert found["frames.gif"][0][0, 0].tolist() == [250, 0, 0, 255]


@pytest.mark.parametrize("bands", [1, 3])
def test_a_colour_of_sixteen_bits_means_transparent_to_the_last_bit(bands: int) -> None:
    """Two colours that differ in the lower half of their bits alone are two colours."""
    pixels = np.full((4, 4, bands), 0x8040, np.uint16)
    pixels[:2] = 0x8041
    data = deep_png(pixels, 0 if bands == 1 else 2, struct.pack(">H", 0x8041) * bands)
    found = tagged(data)
    assert found.shape == (4, 4, 4)
    assert [found[0, 0, 3], found[3, 3, 3]] == [0, 255]
    assert abs(int(found[3, 3, 0]) - 128) <= 1


@pytest.mark.parametrize("order", ["<", ">"])
def test_grey_of_sixteen_bits_is_itself_in_either_byte_order(order: str, tmp_path: Path) -> None:
    ramp = np.linspace(0, 65535, 16 * 8).reshape(8, 16).astype(np.uint16)
    data = deep_tiff(ramp, order)
    np.testing.assert_array_equal(read(data, ImageLimits()).pixels[..., 0], ramp)
    for pixels in through_both({"height.tif": data}, tmp_path)["height.tif"]:
        assert np.abs(pixels[..., 1].astype(int) - ramp // 257).max() <= 1


def test_a_large_grey_jpeg_is_grey() -> None:
    assert full(encoded(Image.new("L", (1000, 900), 77), "JPEG"))[500, 500].tolist() == [77, 77, 77]

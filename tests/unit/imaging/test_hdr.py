"""OpenEXR, Radiance and JPEG XL: light as sRGB, tone-mapped above 1, and data as they are."""

from __future__ import annotations

import struct
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
import pylibjxl
import pytest
from PIL import Image

from consumer.imaging.decode import read
from consumer.imaging.errors import ImageRejectedError
from consumer.imaging.picture import ImageLimits
from consumer.imaging.vips import pyvips
from tests.unit.imaging import texture_files as make
from tests.unit.imaging.dds_encodings import PICTURE
from tests.unit.imaging.doors import Array, farthest, through_both
from tests.unit.imaging.test_doors import encoded

_LINEAR = np.where(PICTURE / 255 <= 0.04045, PICTURE / 255 / 12.92, ((PICTURE / 255 + 0.055) / 1.055) ** 2.4)
_LINEAR[..., 3] = PICTURE[..., 3] / 255


def _exr(values: Array, names: str = "RGBA", dtype: Any = np.float32) -> bytes:
    """Return an OpenEXR file, which keeps colours multiplied by their alpha."""
    if names == "RGBA":
        values = np.concatenate([values[..., :3] * values[..., 3:], values[..., 3:]], axis=-1)
    planes = {name: np.ascontiguousarray(values[..., place]).astype(dtype) for place, name in enumerate(names)}
    return make.exr(planes)


@pytest.mark.parametrize(
    ("name", "data", "tolerance"),
    [
        ("float.exr", _exr(_LINEAR), 0),
        ("half.exr", _exr(_LINEAR, dtype=np.float16), 1),
        ("opaque.exr", _exr(_LINEAR, "RGB"), 0),
        ("runs.hdr", make.radiance(_LINEAR[..., :3]), 3),
        ("plain.hdr", make.radiance(_LINEAR[..., :3], runs=False), 3),
        ("whole.jxl", pylibjxl.encode(PICTURE, lossless=True), 0),
    ],
)
def test_colours_come_out_as_srgb_through_both_doors(name: str, data: bytes, tolerance: int, tmp_path: Path) -> None:
    """Radiance keeps eight bits of the brightest channel, which darker ones feel."""
    tagger, extraction = through_both({name: data}, tmp_path)[name]

    np.testing.assert_array_equal(tagger, extraction)
    wanted = PICTURE if "alpha" in name or tagger.shape[2] == 4 else np.dstack([PICTURE[..., :3]])
    difference = np.abs(tagger.astype(int) - wanted)
    # Levels near black are steep in sRGB.
    assert difference[wanted >= 32].max() <= tolerance


@pytest.mark.parametrize("bands", [3, 4])
def test_tiff_of_floats_in_colour_is_clamped(bands: int, tmp_path: Path) -> None:
    values = (PICTURE[..., :bands] / np.array([255, 255, 100, 255])[:bands]).astype(np.float32)
    image = pyvips.Image.new_from_array(values).copy(interpretation="scrgb")
    tagger, extraction = through_both({"float.tif": image.tiffsave_buffer()}, tmp_path)["float.tif"]
    np.testing.assert_array_equal(tagger, extraction)
    assert tagger.shape == (8, 16, bands)
    visible = np.broadcast_to(PICTURE[..., 3:] > 0, tagger.shape)
    wanted = (values.clip(0, 1) * 255).round().astype(int)
    assert np.abs(tagger - wanted)[visible].max() <= 1


def test_light_that_is_added_stays_within_white() -> None:
    """It has colour and no alpha, or more of it than alpha, which straight alpha cannot say."""
    planes = {"R": 0.5, "G": 0.25, "B": 0.0, "A": 0.0}
    made = make.exr({name: np.full((8, 16), value, np.float32) for name, value in planes.items()})
    assert read(made, ImageLimits()).pixels[0, 0].tolist() == [188, 137, 0, 0]
    glow = make.exr({name: np.full((8, 16), value, np.float32) for name, value in (planes | {"A": 0.4}).items()})
    assert read(glow, ImageLimits()).pixels[0, 0].tolist() == [255, 207, 0, 102]


def test_what_exceeds_white_is_mapped_by_reinhards_operator() -> None:
    """The mean becomes 18 %, the largest white; brighter stays brighter, and no colour tips over."""
    ramp = np.geomspace(0.01, 100, 64, dtype=np.float32)
    values = np.stack([ramp, ramp * 0.5, ramp * 0.25], axis=-1)[None].repeat(2, axis=0)
    pixels = read(_exr(values, "RGB"), ImageLimits()).pixels.astype(int)
    assert (np.diff(pixels[0], axis=0) >= 0).all()
    bright = ramp * (0.2126 + 0.5 * 0.7152 + 0.25 * 0.0722)
    scaled = bright * 0.18 / np.exp(np.log(bright + 1e-6).mean())
    mapped = scaled * (1 + scaled / scaled.max() ** 2) / (1 + scaled) / bright * ramp
    srgb = np.where(mapped <= 0.0031308, mapped * 12.92, 1.055 * mapped ** (1 / 2.4) - 0.055).clip(0, 1) * 255
    assert np.abs(pixels[0, :, 0] - srgb).max() <= 1


def test_data_stay_as_they_are() -> None:
    """A height in one channel has 16 bits; directions of length 1 are a normal map."""
    height = np.linspace(0, 1, 128, dtype=np.float32).reshape(8, 16, 1)
    picture = read(_exr(height, "Y"), ImageLimits())
    assert picture.mode == "I;16"
    assert np.abs(picture.pixels[..., 0] - height[..., 0] * 65535).max() <= 1
    angle = np.linspace(0, 6, 128).reshape(8, 16)
    directions = np.stack([np.sin(angle) * 0.6, np.cos(angle) * 0.6, np.full((8, 16), 0.8)], axis=-1) / 2 + 0.5
    assert (
        farthest(read(_exr(directions, "RGB"), ImageLimits()).pixels, np.rint(directions * 255).astype(np.uint8)) <= 1
    )


def test_half_a_sphere_of_colours_is_no_normal_map() -> None:
    """Whose directions point away from the surface: the colour comes out as sRGB."""
    values = np.full((8, 16, 3), (0.629, 0.206, 0.151))
    assert read(_exr(values, "RGB"), ImageLimits()).pixels[0, 0].tolist() == [208, 125, 108]


def test_small_letters_and_two_channels_are_colours_too() -> None:
    small = make.exr({name: _LINEAR[..., place].astype(np.float32) for place, name in enumerate("rgb")})
    assert farthest(read(small, ImageLimits()).pixels, PICTURE[..., :3]) <= 1
    two = make.exr({name: _LINEAR[..., place].astype(np.float32) for place, name in enumerate("RG")})
    assert farthest(read(two, ImageLimits()).pixels, PICTURE[..., :3] * np.array([1, 1, 0], np.uint8)) <= 1


def test_the_part_with_colours_is_taken_wherever_it_stands(tmp_path: Path) -> None:
    colours = np.ascontiguousarray(_LINEAR[..., :3], np.float32)
    parts = [
        OpenEXR.Part({"type": OpenEXR.scanlineimage}, {"Z": np.full((8, 16), 7, np.float32)}, "depth"),
        OpenEXR.Part({"type": OpenEXR.scanlineimage}, {"RGB": colours}, "beauty"),
    ]
    file = tmp_path / "layers.exr"
    OpenEXR.File(parts).write(str(file))
    assert farthest(read(file.read_bytes(), ImageLimits()).pixels, PICTURE[..., :3]) <= 1


def thinned_out(bright: Array, red: Array, blue: Array) -> bytes:
    """Return an OpenEXR file of brightness, and of colour for four pixels at a time, as renderers write films."""
    height, width = bright.shape

    def attribute(name: str, kind: str, value: bytes) -> bytes:
        return f"{name}\0{kind}\0".encode() + struct.pack("<I", len(value)) + value

    channels = b"".join(
        name + b"\0" + struct.pack("<iB3xii", 2, 0, step, step) for name, step in ((b"BY", 2), (b"RY", 2), (b"Y", 1))
    )
    window = struct.pack("<4i", 0, 0, width - 1, height - 1)
    head = b"\x76\x2f\x31\x01" + struct.pack("<I", 2) + attribute("channels", "chlist", channels + b"\0")
    head += attribute("compression", "compression", b"\0") + attribute("dataWindow", "box2i", window)
    head += attribute("displayWindow", "box2i", window) + attribute("lineOrder", "lineOrder", b"\0")
    head += attribute("pixelAspectRatio", "float", struct.pack("<f", 1))
    head += attribute("screenWindowCenter", "v2f", bytes(8))
    head += attribute("screenWindowWidth", "float", struct.pack("<f", 1)) + b"\0"
    lines = []
    for row in range(height):
        planes = [blue[row // 2], red[row // 2], bright[row]] if row % 2 == 0 else [bright[row]]
        data = b"".join(plane.astype("<f4").tobytes() for plane in planes)
        lines.append(struct.pack("<ii", row, len(data)) + data)
    starts = np.cumsum([len(head) + 8 * height, *(len(line) for line in lines[:-1])])
    return head + starts.astype("<u8").tobytes() + b"".join(lines)


def test_brightness_with_thinned_out_colours_is_in_colour() -> None:
    """Red and blue are parts of the brightness more or less than it, and green is what is left of it."""
    noise = np.random.default_rng(5)
    bright, red, blue = noise.random((8, 16)) * 0.7, noise.random((4, 8)) * 0.3, noise.random((4, 8)) * 0.3
    red_of, blue_of = ((part.repeat(2, 0).repeat(2, 1) + 1) * bright for part in (red, blue))
    green_of = (bright - 0.2126 * red_of - 0.0722 * blue_of) / 0.7152
    linear = np.dstack([red_of, green_of, blue_of])
    wanted = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055) * 255
    found = read(thinned_out(bright, red, blue), ImageLimits()).pixels
    assert np.abs(found - wanted).max() <= 1


# Linear light of these primaries, and what it is in those of sRGB by published matrices.
_OF_2020 = (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, 0.3127, 0.3290)
_FROM_2020 = np.array([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]])
_OF_ACES = (0.7347, 0.2653, 0.0, 1.0, 0.0001, -0.077, 0.32168, 0.33767)
_FROM_ACES = np.array([[2.5217, -1.1341, -0.3876], [-0.2765, 1.3727, -0.0962], [-0.0154, -0.1530, 1.1683]])


@pytest.mark.parametrize(("chromaticities", "matrix"), [(_OF_2020, _FROM_2020), (_OF_ACES, _FROM_ACES)])
def test_light_of_other_primaries_comes_out_in_those_of_srgb(chromaticities: tuple[float, ...], matrix: Array) -> None:
    """And white stays white."""
    values = np.array([[(0.5, 0.4, 0.3), (1.0, 1.0, 1.0), (0.3, 0.45, 0.4)]])
    linear = (values @ matrix.T).clip(0, 1)
    wanted = (1.055 * linear ** (1 / 2.4) - 0.055) * 255
    made = OpenEXR.File(
        {"type": OpenEXR.scanlineimage, "chromaticities": chromaticities},
        {"RGB": np.ascontiguousarray(values.repeat(8, axis=0), np.float32)},
    )
    with tempfile.NamedTemporaryFile(suffix=".exr") as file:
        made.write(file.name)
        found = read(Path(file.name).read_bytes(), ImageLimits()).pixels
    assert np.abs(found[0] - wanted).max() <= 1
    said = f"PRIMARIES={' '.join(map(str, chromaticities))}\nFORMAT".encode()
    radiance = make.radiance(values.repeat(8, axis=0).repeat(4, axis=1)).replace(b"FORMAT", said)
    assert np.abs(read(radiance, ImageLimits()).pixels[0, ::4] - wanted).max() <= 3


@pytest.mark.parametrize("said", [b"0.64 0.33 0.29 0.6 0.15 0.06 0.333 0.333", b"1 2 3", b"0 0 0 0 0 0 0 0", b"-"])
def test_radiances_own_primaries_and_none_change_nothing(said: bytes) -> None:
    plain = make.radiance(_LINEAR[..., :3])
    stated = plain.replace(b"FORMAT", b"PRIMARIES=" + said + b"\nFORMAT")
    np.testing.assert_array_equal(read(stated, ImageLimits()).pixels, read(plain, ImageLimits()).pixels)


def test_of_many_channels_the_colours_are_taken() -> None:
    planes = {f"beauty.{name}": _LINEAR[..., place].astype(np.float32) for place, name in enumerate("RGB")}
    data = make.exr(planes | {"Z": np.full((8, 16), 70.0, np.float32)})
    assert farthest(read(data, ImageLimits()).pixels, PICTURE[..., :3]) <= 1


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (_exr(_LINEAR)[:-40], "cut short"),
        (_exr(_LINEAR)[:100], "damaged|cut short"),
        (make.radiance(_LINEAR[..., :3])[:150], "cut short"),
        (b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 8 +Y 16\n" + bytes(600), "does not say how large it is"),
        (pylibjxl.encode(PICTURE, lossless=True)[:40], "cut short"),
        (b"\xff\x0a" + bytes(40), "damaged"),
    ],
)
def test_damage_is_named(data: bytes, word: str) -> None:
    with pytest.raises(ImageRejectedError, match=word):
        read(data, ImageLimits())


@pytest.mark.parametrize(
    "data",
    [
        _exr(np.zeros((200, 200, 3)), "RGB"),
        make.radiance(np.zeros((200, 200, 3))),
        pylibjxl.encode(np.zeros((200, 200, 3), np.uint8)),
    ],
    ids=["EXR", "HDR", "JXL"],
)
def test_many_pixels_in_few_bytes_are_refused_by_the_header(data: bytes) -> None:
    with pytest.raises(ImageRejectedError, match="200 by 200 pixels"):
        read(data, ImageLimits(max_pixels=10_000))


@pytest.mark.parametrize("kind", ["AVIF", "PCX", "SGI", "BLP"])
def test_pillow_reads_the_rest(kind: str, tmp_path: Path) -> None:
    whole = Image.fromarray(PICTURE[..., :3].repeat(8, 0).repeat(8, 1))
    data = encoded(whole.quantize(256) if kind == "BLP" else whole, kind)
    name = f"wall.{kind.lower()}"
    tagger, extraction = through_both({name: data}, tmp_path)[name]
    np.testing.assert_array_equal(tagger, extraction)
    assert np.abs(tagger[4::8, 4::8, :3].astype(int) - PICTURE[..., :3]).mean() <= 12


@pytest.mark.parametrize("runs", [False, True])
@pytest.mark.parametrize("down", ["-Y", "+Y"])
@pytest.mark.parametrize("across", ["+X", "-X"])
@pytest.mark.parametrize("in_columns", [False, True])
def test_radiance_comes_out_upright_in_rows_and_in_columns(
    runs: bool, down: str, across: str, in_columns: bool
) -> None:
    values = _LINEAR[..., :3]
    stored = values[:: -1 if down == "+Y" else 1, :: -1 if across == "-X" else 1]
    order = f"{down} {{height}} {across} {{width}}"
    if in_columns:
        # What is written as rows of the turned picture are columns of this one.
        stored, order = stored.swapaxes(0, 1), f"{across} {{height}} {down} {{width}}"
    made = make.radiance(np.ascontiguousarray(stored), runs=runs, order=order)
    np.testing.assert_array_equal(
        read(made, ImageLimits()).pixels, read(make.radiance(values, runs=False), ImageLimits()).pixels
    )


def test_radiance_in_xyz_has_the_colours_of_srgb(tmp_path: Path) -> None:
    """By the matrix of IEC 61966-2-1, from sRGB to XYZ.

    Eight bits of the largest of X, Y and Z leave little of a pure colour's other channels.
    """
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    values = _LINEAR[..., :3] * 0.5 + 0.25
    made = make.radiance(values @ to_xyz.T).replace(b"32-bit_rle_rgbe", b"32-bit_rle_xyze")
    assert b"xyze" in made
    tagger, extraction = through_both({"sky.hdr": made}, tmp_path)["sky.hdr"]
    np.testing.assert_array_equal(tagger, extraction)
    srgb = (1.055 * values ** (1 / 2.4) - 0.055) * 255
    assert np.abs(tagger - srgb).max() <= 6


def test_white_in_xyz_stays_white_and_is_not_mapped() -> None:
    white = np.array([0.9505, 1.0, 1.089]) * np.ones((8, 16, 1))
    made = make.radiance(white).replace(b"32-bit_rle_rgbe", b"32-bit_rle_xyze")
    assert read(made, ImageLimits()).pixels.min() >= 250


def test_radiance_packed_in_the_oldest_way_is_read() -> None:
    """1, 1, 1 says how often the texel before it comes again; several in a row are the digits of one number."""
    values = np.zeros((2, 300, 3), np.float32)
    values[:] = (0.5, 0.25, 0.125)
    values[1, -1] = (0.75, 0.5, 0.25)
    whole = make.radiance(values, runs=False)
    at = whole.index(b"\n", whole.index(b"-Y")) + 1
    texels = whole[at : at + 4] + bytes([1, 1, 1, 598 & 255, 1, 1, 1, 598 >> 8]) + whole[-4:]
    np.testing.assert_array_equal(read(whole[:at] + texels, ImageLimits()).pixels, read(whole, ImageLimits()).pixels)
    with pytest.raises(ImageRejectedError, match="fewer pixels"):
        read(whole[:at] + texels[:-4], ImageLimits())

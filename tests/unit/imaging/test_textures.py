"""Texture files of engines: what is painted into them comes out of both doors, and a second program agrees."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from backports import zstd
from PIL import Image
from srctools.vtf import ImageFormats

from consumer.imaging.decode import count_layers, read, read_layer
from consumer.imaging.errors import ImageRejectedError
from consumer.imaging.picture import ImageLimits
from consumer.imaging.textures.gl_formats import COMPRESSED
from consumer.imaging.textures.godot import GODOT_4
from consumer.imaging.textures.vk_formats import VULKAN
from consumer.imaging.textures.vtf import FORMATS
from tests.unit.imaging import making
from tests.unit.imaging import texture_files as make
from tests.unit.imaging.dds_encodings import ENCODED, OPAQUE, PICTURE, grey, pair
from tests.unit.imaging.doors import Array, as_rgba, farthest, through_both
from tests.unit.imaging.making import bits, channels
from tests.unit.imaging.test_doors import encoded

_RGBA = channels(PICTURE, "rgba", "u8")
PARTS = [np.roll(PICTURE, 4 * number, axis=1) for number in range(6)]
# What DDS files are tested with, under the names of other containers.
_SAME = {"DXT1": "BC1", "DXT1 with alpha": "BC1", "DXT3": "BC2", "DXT5": "BC3", "BC1 opaque": "BC1"}


def _known(formats: Any) -> dict[int, str]:
    """Return the formats that the tests of DDS files have bytes for, by number."""
    names = {number: _SAME.get(kind.name, kind.name) for number, kind in formats.items()}
    return {number: name for number, name in names.items() if name in ENCODED}


@pytest.mark.parametrize(
    ("suffix", "formats", "write"),
    [
        pytest.param("ktx", COMPRESSED, lambda data, number: make.ktx([data], internal=number), id="KTX"),
        pytest.param("ktx2", VULKAN, make.ktx2, id="KTX2"),
        pytest.param("ctex", GODOT_4, make.ctex, id="ctex"),
    ],
)
def test_texels_that_other_files_have_too_are_the_same_here(
    suffix: str, formats: Any, write: Callable[[bytes, int], bytes], tmp_path: Path
) -> None:
    known = _known(formats)
    files = {f"{number}.{suffix}": write(ENCODED[name][0], number) for number, name in known.items()}

    found = through_both(files, tmp_path)

    assert len(found) == len(files) >= 7
    for number, name in known.items():
        tagger, extraction = found[f"{number}.{suffix}"]
        np.testing.assert_array_equal(as_rgba(tagger), as_rgba(extraction))
        _, wanted, tolerance = ENCODED[name]
        bands = 3 if formats[number].mode == "RGB" else 4
        difference = np.abs(as_rgba(tagger) - as_rgba(wanted))[..., :bands].max()
        assert difference <= tolerance, (number, name, difference)


@pytest.mark.parametrize(
    ("number", "order", "kind", "wanted"),
    [
        (9, "r", "u8", grey(PICTURE)),
        (15, "r", "u8", grey(PICTURE)),
        (16, "rg", "u8", pair(PICTURE)),
        (23, "rgb", "u8", OPAQUE),
        (29, "rgb", "u8", OPAQUE),
        (30, "bgr", "u8", OPAQUE),
        (37, "rgba", "u8", PICTURE),
        (43, "rgba", "u8", PICTURE),
        (44, "bgra", "u8", PICTURE),
        (70, "r", "u16", grey(PICTURE)),
        (71, "r", "s16", grey(PICTURE)),
        (76, "r", "f16", grey(PICTURE)),
        (77, "rg", "u16", pair(PICTURE)),
        (84, "rgb", "u16", OPAQUE),
        (91, "rgba", "u16", PICTURE),
        (97, "rgba", "f16", PICTURE),
        (100, "r", "f32", grey(PICTURE)),
        (106, "rgb", "f32", OPAQUE),
        (109, "rgba", "f32", PICTURE),
        (1_000_470_001, "a", "u8", np.dstack([PICTURE[..., 3]] * 3)),
    ],
)
def test_plain_texels_of_vulkan(number: int, order: str, kind: str, wanted: Array) -> None:
    data = make.ktx2(channels(PICTURE, order, kind), number)
    assert farthest(_pixels(data), wanted) <= 1


@pytest.mark.parametrize(
    ("number", "fields"),
    [
        (2, "a4 b4 g4 r4"),
        (3, "a4 r4 g4 b4"),
        (4, "b5 g6 r5"),
        (5, "r5 g6 b5"),
        (6, "a1 b5 g5 r5"),
        (7, "a1 r5 g5 b5"),
        (8, "b5 g5 r5 a1"),
        (58, "b10 g10 r10 a2"),
        (64, "r10 g10 b10 a2"),
        (1_000_340_000, "b4 g4 r4 a4"),
        (1_000_340_001, "r4 g4 b4 a4"),
    ],
)
def test_packed_texels_of_vulkan(number: int, fields: str) -> None:
    """Named from the highest bits down, and written here from the lowest up."""
    layout = [(field[0], int(field[1:])) for field in fields.split()]
    word = "<u4" if "10" in fields else "<u2"
    found = as_rgba(_pixels(make.ktx2(bits(PICTURE, word, layout), number)))
    bands = 4 if "a4" in fields else 3
    assert np.abs(found - as_rgba(PICTURE))[..., :bands].max() <= 8


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("zstd.ktx2", make.ktx2(_RGBA, 37, pack=zstd.compress, packing=2)),
        ("zlib.ktx2", make.ktx2(_RGBA, 37, pack=zlib.compress, packing=3)),
        ("turned.ktx2", make.ktx2(_RGBA, 37, values=[("KTXorientation", "ru")])),
        ("turned.ktx", make.ktx([_RGBA], channels=0x1908, number=0x1401, upside_down=True)),
        ("rows.ktx", make.ktx([channels(PICTURE, "rgb", "u8")], channels=0x1907, number=0x1401, row_bytes=48)),
        ("uastc.ktx2", make.basis_ktx2("UASTC")),
        ("etc1s.ktx2", make.basis_ktx2("ETC1S")),
        ("png.ctex", make.ctex(b"%s", 5, 1)),
        ("webp.ctex", make.ctex(b"%s", 5, 2)),
        ("raw.stex", make.stex(_RGBA, 5)),
        ("png.stex", make.stex(b"%s", 1 << 20)),
    ],
)
def test_what_is_packed_or_turned_is_the_picture_that_was_painted(name: str, data: bytes, tmp_path: Path) -> None:
    inner = encoded(Image.fromarray(PICTURE), "WEBP" if "webp" in name else "PNG", lossless=True, exact=True)
    if name.endswith("ctex"):
        data = data.replace(b"%s", len(inner).to_bytes(4, "little") + inner)
    if name == "png.stex":
        data = data.replace(b"%s", bytes(4) + (len(inner) + 4).to_bytes(4, "little") + b"PNG " + inner)
    wanted = PICTURE[::-1] if "turned" in name else OPAQUE if "rows" in name else PICTURE

    tagger, extraction = through_both({name: data}, tmp_path)[name]

    np.testing.assert_array_equal(tagger, extraction)
    assert farthest(tagger, np.ascontiguousarray(wanted)) <= 2


@pytest.mark.parametrize(
    ("number", "channels_", "fields"),
    [
        (0x8363, 0x1907, "b5 g6 r5"),
        (0x8364, 0x1907, "r5 g6 b5"),
        (0x8033, 0x80E1, "a4 r4 g4 b4"),
        (0x8365, 0x80E1, "b4 g4 r4 a4"),
        (0x8034, 0x1908, "a1 b5 g5 r5"),
        (0x8366, 0x80E1, "b5 g5 r5 a1"),
        (0x8035, 0x1908, "a8 b8 g8 r8"),
        (0x8367, 0x8D9B, "b8 g8 r8 a8"),
    ],
)
@pytest.mark.parametrize("order", "<>")
def test_words_of_opengl_have_their_channels_in_the_order_of_the_format(
    number: int, channels_: int, fields: str, order: str
) -> None:
    """In either byte order; named here from the lowest bit up."""
    layout = [(field[0], int(field[1:])) for field in fields.split()]
    width = sum(bits for _, bits in layout) // 8
    data = bits(PICTURE, f"<u{width}", layout)
    if order == ">":
        data = np.frombuffer(data, f"<u{width}").byteswap().tobytes()
    file = make.ktx([data], channels=channels_, number=number, number_bytes=width, order=order)
    found = as_rgba(_pixels(file))
    has_alpha = any(name == "a" and width > 1 for name, width in layout)
    assert np.abs(found - as_rgba(PICTURE))[..., : 4 if has_alpha else 3].max() <= 8


@pytest.mark.parametrize(("swizzle", "band"), [("rrr1", 0), ("aaa1", 3)])
def test_a_swizzle_that_makes_grey_makes_grey(swizzle: str, band: int) -> None:
    picture = read(make.ktx2(_RGBA, 37, values=[("KTXswizzle", swizzle)]), ImageLimits())
    assert picture.mode == "L"
    np.testing.assert_array_equal(picture.pixels[..., 0], PICTURE[..., band])


@pytest.mark.parametrize(
    "data",
    [
        make.ktx([part.tobytes() for part in PARTS], channels=0x1908, number=0x1401, sides=6),
        make.ktx([part.tobytes() for part in PARTS], channels=0x1908, number=0x1401, layers=6),
        make.ktx2(b"".join(part.tobytes() for part in PARTS), 37, sides=6),
        make.ktx2(b"".join(part.tobytes() for part in PARTS), 37, depth=6, pack=zlib.compress, packing=3),
        make.vtf(PARTS, ImageFormats.RGBA8888, (7, 4)),
        make.vtf(PARTS, ImageFormats.RGBA8888, (7, 2)),
        make.vtf(PARTS, ImageFormats.BGRA8888, (7, 5), cube=True),
    ],
    ids=["KTX cube", "KTX array", "KTX2 cube", "KTX2 volume", "VTF frames", "VTF 7.2 frames", "VTF cube"],
)
def test_every_picture_of_a_file_comes_out(data: bytes) -> None:
    assert count_layers(data[:512], len(data)) == 6
    for number, part in enumerate(PARTS):
        np.testing.assert_array_equal(read_layer(data, number, ImageLimits()).pixels, part)


@pytest.mark.parametrize("version", [(7, 2), (7, 3), (7, 5)])
def test_vtf_files_are_read_as_a_second_program_reads_them(version: tuple[int, int]) -> None:
    """In every format that it writes; alpha alone is grey here, and what it calls alpha of UVLX is none."""
    written = {kind for kind in ImageFormats if FORMATS.get(kind.ind) and kind.ind < 24}
    assert len(written) >= 18
    for kind in written:
        data = make.vtf([PICTURE], kind, version)
        wanted = make.read_by_srctools(data)
        if kind is ImageFormats.A8:
            wanted = np.dstack([wanted[..., 3]] * 3)
        assert farthest(_pixels(data), wanted) <= 1, kind


def test_floats_and_two_channels_of_vtf() -> None:
    empty = make.vtf([np.zeros_like(PICTURE)], ImageFormats.RGBA8888, (7, 2))
    plain = bytearray(empty[:80])
    plain[56] = 1  # one mipmap
    plain[61:63] = b"\0\0"  # no thumbnail
    for number, order, kind in ((24, "rgba", "f16"), (25, "rgba", "u16"), (29, "rgba", "f32")):
        plain[52:56] = number.to_bytes(4, "little")
        assert farthest(_pixels(bytes(plain) + channels(PICTURE, order, kind)), PICTURE) <= 1


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (make.ktx2(b"", 999), "Vulkan's format 999"),
        (make.ktx2(bytes(40), 37), "cut short"),
        (make.ktx2(_RGBA, 37, packing=7), "packed in way 7"),
        (make.ktx2(_RGBA, 37, packing=3), "damaged"),
        (make.ktx([b""], internal=0x1234), "0x1234"),
        (make.ktx([bytes(10)], channels=0x1908, number=0x1401), "cut short"),
        (make.basis_ktx2("UASTC")[:250], "damaged"),
        (b"VTF\0" + bytes(20), "cut short"),
        (make.ctex(b"", 99), "format 99"),
        (b"GST2", "cut short"),
        (b"\xabKTX 20\xbb\r\n\x1a\n", "cut short"),
    ],
)
def test_what_is_not_read_says_why(data: bytes, word: str) -> None:
    with pytest.raises(ImageRejectedError, match=word):
        read(data, ImageLimits())


def test_colours_of_ktx2_that_are_multiplied_by_their_alpha_are_divided_by_it() -> None:
    multiplied = (PICTURE[..., :3].astype(np.uint16) * PICTURE[..., 3:] // 255).astype(np.uint8)
    texels = np.dstack([multiplied, PICTURE[..., 3]])
    picture = read(make.ktx2(texels.tobytes(), 37, flags=1), ImageLimits())
    visible = PICTURE[..., 3] > 0
    assert np.abs(picture.pixels.astype(int) - PICTURE)[visible].max() <= 4
    np.testing.assert_array_equal(picture.pixels[~visible], texels[~visible])


def test_normals_of_godot_get_their_third_channel() -> None:
    """On machines without formats of two channels x lies in red, and y in alpha."""
    picture = read(make.ctex(making.in_tiles(making.mosaic([(128, 0, 0, 127)] * 8), making.bc3), 34), ImageLimits())
    assert picture.facts is not None
    assert picture.facts.usage == "normal_map"
    assert np.abs(picture.pixels.astype(int) - (128, 127, 255)).max() <= 4


@pytest.mark.parametrize("number", [42, 46])
def test_sixteen_bits_of_godot(number: int) -> None:
    assert farthest(_pixels(make.ctex(channels(PICTURE, "rgba", "u16"), number)), PICTURE) <= 1


def test_a_bomb_in_a_ktx2_file_is_refused_by_its_header() -> None:
    """By its pixels, and where these are few by the bytes that it claims to unpack to."""
    limits = ImageLimits(max_pixels=10_000)
    many = make.ktx2(bytes(1000), 37, size=(5000, 5000), pack=zstd.compress, packing=2)
    with pytest.raises(ImageRejectedError, match="5000 by 5000 pixels"):
        read(many, limits)
    deep = make.ktx2(bytes(100_000_000), 37, layers=5, pack=zstd.compress, packing=2)
    with pytest.raises(ImageRejectedError, match="unpacks to 100000000 bytes"):
        read(deep, limits)


def _pixels(data: bytes) -> Array:
    pixels = read(data, ImageLimits()).pixels
    if pixels.dtype != np.uint8:
        pixels = (pixels // 257).astype(np.uint8)
    if pixels.shape[2] >= 3:
        return pixels
    return np.dstack([pixels[..., 0]] * 3 + ([pixels[..., 1]] if pixels.shape[2] == 2 else []))

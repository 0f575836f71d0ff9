"""DDS files: every format that is claimed, made here, comes out right through both doors."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from consumer.imaging.decode import decode
from consumer.imaging.errors import ImageRejectedError, Rejection
from consumer.imaging.files.dds_formats import CODES, DXGI, NUMBERS
from consumer.imaging.picture import ImageLimits
from consumer.imaging.texels import blocks
from tests.unit.imaging import making
from tests.unit.imaging.dds_encodings import ENCODED, OPAQUE, PICTURE, grey, pair, swapped
from tests.unit.imaging.doors import as_rgba, farthest, tagged, through_both
from tests.unit.imaging.making import channels, dds, in_tiles, mosaic

BGRA = (0xFF0000, 0xFF00, 0xFF, 0xFF << 24)


def test_every_format_comes_out_right_through_both_doors(tmp_path: Path) -> None:
    """By DXGI number, by four-character code and by Direct3D 9's numbers."""
    kinds: dict[str, tuple[Any, dict[str, Any]]] = {}
    kinds |= {f"dxgi-{number}.dds": (kind, {"dxgi": number}) for number, kind in DXGI.items()}
    kinds |= {f"code-{code.decode()}.dds": (kind, {"code": code}) for code, kind in CODES.items()}
    kinds |= {f"number-{n}.dds": (kind, {"code": struct.pack("<I", n)}) for n, kind in NUMBERS.items()}
    unusual = {"code-RXGB.dds", "code-DXT2.dds", "code-DXT4.dds"}
    files = {name: dds(ENCODED[kind.name][0], **head) for name, (kind, head) in kinds.items() if name not in unusual}

    found = through_both(files, tmp_path)

    assert set(found) == set(files)
    for name, (tagger, extraction) in found.items():
        _, wanted, tolerance = ENCODED[kinds[name][0].name]
        np.testing.assert_array_equal(as_rgba(tagger), as_rgba(extraction), err_msg=name)
        assert farthest(tagger, wanted) <= tolerance, (name, kinds[name][0].name, farthest(tagger, wanted))


_MASKED: dict[str, tuple[dict[str, Any], bytes, Any, int]] = {
    "bgra": ({"flags": 0x41, "depth": 32, "masks": BGRA}, swapped(PICTURE), PICTURE, 0),
    "bgrx": ({"flags": 0x40, "depth": 32, "masks": (*BGRA[:3], 0)}, channels(PICTURE, "bgrx", "u8"), OPAQUE, 0),
    "rgb": ({"flags": 0x40, "depth": 24, "masks": (*BGRA[2::-1], 0)}, channels(PICTURE, "rgb", "u8"), OPAQUE, 0),
    "565": ({"flags": 0x40, "depth": 16, "masks": (0xF800, 0x7E0, 0x1F, 0)}, ENCODED["B5G6R5"][0], OPAQUE, 4),
    "4444": ({"flags": 0x41, "depth": 16, "masks": (0xF00, 0xF0, 0xF, 0xF000)}, ENCODED["B4G4R4A4"][0], PICTURE, 8),
    "L8": ({"flags": 0x2_0000, "depth": 8, "masks": (0xFF, 0, 0, 0)}, ENCODED["R8_UNORM"][0], grey(PICTURE), 0),
    "L16": ({"flags": 0x2_0000, "depth": 16, "masks": (0xFFFF, 0, 0, 0)}, ENCODED["R16_UNORM"][0], grey(PICTURE), 0),
    "A8": ({"flags": 0x2, "depth": 8, "masks": (0, 0, 0, 0xFF)}, ENCODED["R8_UNORM"][0], grey(PICTURE), 0),
    "10-10-10-2 as Direct3D's own writer names it": (
        {"flags": 0x41, "depth": 32, "masks": (0x3FF00000, 0xFFC00, 0x3FF, 0xC0000000)},
        ENCODED["R10G10B10A2"][0],
        PICTURE,
        43,
    ),
    "V8U8": (
        {"flags": 0x8_0000, "depth": 16, "masks": (0xFF, 0xFF00, 0, 0)},
        ENCODED["R8G8_SNORM"][0],
        pair(PICTURE, 128),
        1,
    ),
}


@pytest.mark.parametrize("name", _MASKED)
def test_masks_say_where_each_channel_lies(name: str) -> None:
    head, data, wanted, tolerance = _MASKED[name]
    assert farthest(tagged(dds(data, **head)), wanted) <= tolerance


@pytest.mark.parametrize(
    ("flags", "depth", "masks", "words", "wanted"),
    [
        # D3DFMT_L6V5U5: u and v with a sign, brightness without.
        (0x4_0000, 16, (0x1F, 0x3E0, 0xFC00, 0), ("<u2", 0b111111_10001_01111), (255, 0, 255)),
        (0x4_0000, 16, (0x1F, 0x3E0, 0xFC00, 0), ("<u2", 0b000000_00000_00000), (128, 128, 0)),
        (0x4_0000, 32, (0xFF, 0xFF00, 0xFF0000, 0), ("<u4", 0x40_81_7F), (255, 0, 64)),
        # D3DFMT_A2W10V10U10: the writer names red and blue the other way round, as of 10-10-10-2 without signs.
        (0x8_0001, 32, (0x3FF00000, 0xFFC00, 0x3FF, 0xC0000000), ("<u4", 0x1FF), (255, 128, 128, 0)),
        (0x8_0000, 32, (0xFF, 0xFF00, 0xFF0000, 0xFF000000), ("<u4", 0x81_00_7F_81), (0, 255, 128, 0)),
    ],
)
def test_bump_maps_have_signs_where_their_format_has(
    flags: int, depth: int, masks: tuple[int, ...], words: tuple[str, int], wanted: tuple[int, ...]
) -> None:
    dtype, word = words
    data = np.full(4, word, dtype).tobytes()
    assert tagged(dds(data, width=2, height=2, flags=flags, depth=depth, masks=masks))[0, 0].tolist() == list(wanted)


def _with_pitch(data: bytes, pitch: int) -> bytes:
    file = bytearray(dds(data, flags=0x40, depth=24, masks=(0xFF, 0xFF00, 0xFF0000, 0)))
    struct.pack_into("<I", file, 8, 0x100F)
    struct.pack_into("<I", file, 20, pitch)
    return bytes(file)


@pytest.mark.parametrize("pitch", [48, 52, 64])
def test_bytes_between_rows_are_left_out_where_they_are_there(pitch: int) -> None:
    rows = np.zeros((8, pitch), np.uint8)
    rows[:, :48] = PICTURE[..., :3].reshape(8, 48)
    np.testing.assert_array_equal(tagged(_with_pitch(rows.tobytes(), pitch)), PICTURE[..., :3])


@pytest.mark.parametrize("pitch", [0, 4, 64, 1 << 31])
def test_a_pitch_that_the_file_does_not_keep_is_not_believed(pitch: int) -> None:
    np.testing.assert_array_equal(tagged(_with_pitch(PICTURE[..., :3].tobytes(), pitch)), PICTURE[..., :3])


def test_grey_with_alpha_keeps_both() -> None:
    data = np.dstack([PICTURE[..., 0], PICTURE[..., 3]]).tobytes()
    pixels = tagged(dds(data, flags=0x2_0001, depth=16, masks=(0xFF, 0, 0, 0xFF00)))
    np.testing.assert_array_equal(pixels, np.dstack([grey(PICTURE), PICTURE[..., 3]]))


def test_a_palette_keeps_its_alpha(tmp_path: Path) -> None:
    palette = np.zeros((256, 4), np.uint8)
    palette[: len(making.COLOURS)] = making.COLOURS
    places = np.arange(8).reshape(2, 4).repeat(4, 0).repeat(4, 1).astype(np.uint8)
    file = dds(palette.tobytes() + places.tobytes(), flags=0x20, depth=8)
    for pixels in through_both({"palette.dds": file}, tmp_path)["palette.dds"]:
        np.testing.assert_array_equal(pixels, PICTURE)


def test_a_cube_map_shows_its_six_sides_and_skips_their_mipmaps() -> None:
    sides = [mosaic([(40 * side, 255 - 40 * side, part * 30, 255) for part in range(8)])[:8, :8] for side in range(6)]
    data = b"".join(swapped(side) + bytes(4 * (16 + 4 + 1)) for side in sides)
    file = dds(data, width=8, height=8, flags=0x41, depth=32, masks=BGRA, caps2=0xFE00, mipmaps=4)
    cross = tagged(file)
    assert cross.shape == (24, 32, 4)
    for (column, row), side in zip([(2, 1), (0, 1), (1, 0), (1, 2), (1, 1), (3, 1)], sides, strict=True):
        np.testing.assert_array_equal(cross[row * 8 : row * 8 + 8, column * 8 : column * 8 + 8], side)
    assert not cross[:8, :8].any()


@pytest.mark.parametrize("code", [b"DXT2", b"DXT4"])
def test_colours_multiplied_by_their_alpha_are_divided_by_it(code: bytes) -> None:
    colours = [(200, 100, 50, 255), (100, 50, 26, 136)] * 4
    data = in_tiles(mosaic(colours), making.bc2 if code == b"DXT2" else making.bc3)
    pixels = as_rgba(tagged(dds(data, code=code)))
    assert np.abs(pixels[0, 4] - (188, 94, 49, 136)).max() <= 9


def test_colours_that_nobody_sees_stay_when_others_are_divided_by_their_alpha() -> None:
    glow = (200, 100, 48, 0)
    pixels = as_rgba(tagged(dds(channels(mosaic([glow] * 8), "rgba", "u8"), dxgi=28, alpha_mode=2)))
    np.testing.assert_array_equal(pixels[0, 0], glow)


def test_red_kept_in_alpha_comes_back() -> None:
    data = in_tiles(PICTURE, lambda colour: making.bc3((0, colour[1], colour[2], colour[0])))
    assert farthest(tagged(dds(data, code=b"RXGB")), OPAQUE) <= 4


@pytest.mark.parametrize("flat", [128, 100])
def test_normals_of_two_channels_get_their_third(flat: int) -> None:
    colour = (flat, 127, 0, 0)
    unsigned = in_tiles(mosaic([colour] * 8), making.bc5)
    packed = in_tiles(mosaic([(255, 127, 255, flat)] * 8), making.bc3)
    for file in (
        dds(unsigned, code=b"ATI2"),
        dds(unsigned, dxgi=83),
        dds(packed, code=b"DXT5", flags=0x8000_0004),
    ):
        x = flat / 127.5 - 1
        wanted = (flat, 127, 127.5 + 127.5 * (1 - x * x) ** 0.5)
        assert np.abs(tagged(file)[0, 0].astype(float) - wanted).max() <= 3


def test_alpha_that_is_declared_void_is_left_out() -> None:
    file = dds(channels(PICTURE, "rgba", "u8"), dxgi=28, alpha_mode=3)
    np.testing.assert_array_equal(tagged(file), PICTURE[..., :3])


def test_a_transparent_index_of_bc1_is_transparent() -> None:
    hole = struct.pack("<HHI", 0x0000, 0xFFFF, 0xFFFFFFFF)
    assert not tagged(dds(hole, width=4, height=4, code=b"DXT1")).any()


@pytest.mark.parametrize(
    ("file", "words"),
    [
        pytest.param(dds(b"", dxgi=3), ["DXGI format 3", "docs/formats.md"], id="unknown DXGI"),
        pytest.param(dds(b"", flags=2, depth=1 << 31), ["2147483648 bits", "docs/formats.md"], id="absurd depth"),
        pytest.param(dds(b"", code=b"PVR9"), ["'PVR9'", "docs/formats.md"], id="unknown code"),
        pytest.param(dds(b"", flags=0x40, depth=12, masks=(15, 0, 0, 0)), ["12 bits"], id="odd bits"),
        pytest.param(dds(b"", flags=0x200, depth=32, masks=BGRA), ["YUV", "docs/formats.md"], id="YUV by masks"),
        pytest.param(dds(bytes(100), dxgi=28), ["cut short", "512 bytes", "100 are there"], id="cut short"),
        pytest.param(dds(b"")[:90], ["cut short"], id="no header"),
        pytest.param(dds(b"", width=0, dxgi=28), ["no pixels"], id="no pixels"),
    ],
)
def test_what_is_not_read_is_named_with_what_to_do(file: bytes, words: list[str]) -> None:
    with pytest.raises(ImageRejectedError) as refused:
        decode(file, ImageLimits())
    assert refused.value.code is Rejection.UNDECODABLE
    assert all(word in str(refused.value) for word in words), refused.value


def test_a_giant_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(ImageRejectedError) as refused:
        decode(dds(b"", width=60_000, height=60_000, dxgi=28), ImageLimits())
    assert refused.value.code is Rejection.TOO_MANY_PIXELS


def test_pictures_of_any_size_keep_their_edges() -> None:
    """Blocks that stand over the edge are cut off."""
    for width, height in ((1, 1), (5, 3), (7, 9)):
        size = -(-width // 4) * -(-height // 4)
        data = making.bc3((200, 100, 50, 255)) * size
        assert blocks.BC3.decode(data, width, height).shape == (height, width, 4)
        assert blocks.BC4_SIGNED.decode(making.bc4(127) * size, width, height).shape == (height, width, 1)

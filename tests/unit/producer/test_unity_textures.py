"""Unity's textures: every format that is claimed, alpha kept elsewhere, normals and single channels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from producer_tools.extraction.unity.objects.formats import UNREAD
from tests.unit.imaging import making
from tests.unit.imaging.doors import as_rgba, farthest
from tests.unit.imaging.making import in_tiles, mosaic
from tests.unit.producer.unity_encodings import ENCODED, PICTURE
from tests.unit.producer.unity_making import (
    MATERIAL,
    NUMBERS,
    SPRITE,
    TEXTURE,
    Thing,
    material,
    pictures,
    rgb,
    sprite,
    texture,
    upside_down,
)


def test_every_format_comes_out_right(tmp_path: Path) -> None:
    """The tagger sees what was painted."""
    assert set(ENCODED) == set(NUMBERS)
    # Formats whose blocks know up from down are flipped when they are looked at, not when they are made.
    things = [(number, TEXTURE, texture(name, number, ENCODED[name][0])) for name, number in NUMBERS.items()]

    found, left = pictures(things, tmp_path)

    assert left == {}
    for name, (_, wanted, tolerance) in ENCODED.items():
        (pixels,) = found[f"Texture2D {name}"]
        assert farthest(pixels[::-1], wanted) <= tolerance, (name, farthest(pixels[::-1], wanted))


@pytest.mark.parametrize(("number", "words"), [(61, UNREAD[61]), (999, "number 999")])
def test_a_format_that_is_not_read_is_named(number: int, words: str, tmp_path: Path) -> None:
    found, left = pictures([(2, TEXTURE, texture("odd", number, bytes(1000)))], tmp_path)
    assert found == {}
    assert words in left["odd"]
    assert "PNG" in left["odd"]


def test_a_texture_cut_short_says_by_how_much(tmp_path: Path) -> None:
    _, left = pictures([(2, TEXTURE, texture("half", NUMBERS["RGBA32"], bytes(256)))], tmp_path)
    assert "512 bytes" in left["half"]
    assert "256 are there" in left["half"]


def test_floats_above_one_are_clamped(tmp_path: Path) -> None:
    bright = (PICTURE / 255 * np.array([4, 4, 4, 1])).astype("<f2")
    found, _ = pictures([(2, TEXTURE, texture("sun", NUMBERS["RGBAHalf"], upside_down(bright)))], tmp_path)
    wanted = np.minimum(PICTURE.astype(int) * [4, 4, 4, 1], 255)
    assert np.abs(as_rgba(found["Texture2D sun"][0]) - wanted).max() <= 1


def test_alpha_goes_where_the_materials_point(tmp_path: Path) -> None:
    """Two textures of one name, each with its own companion, whose order in the file says nothing."""
    front, back = mosaic(), mosaic(making.COLOURS[::-1])
    front_alpha, back_alpha = (np.dstack([picture[..., 3]] * 3) for picture in (front, back))
    things: list[Thing] = [
        (10, TEXTURE, rgb("hero[alpha]", back_alpha)),
        (11, TEXTURE, rgb("hero", front)),
        (12, TEXTURE, rgb("hero[alpha]", front_alpha)),
        (13, TEXTURE, rgb("hero", back)),
        (20, MATERIAL, material("front", _MainTex=11, _AlphaTex=12)),
        (21, MATERIAL, material("back", _MainTex=13, _AlphaTex=10)),
    ]

    found, _ = pictures(things, tmp_path)

    assert set(found) == {"Texture2D hero"}
    np.testing.assert_array_equal(found["Texture2D hero"], [front, back])


def test_by_name_alpha_goes_only_where_no_two_could_be_meant(tmp_path: Path) -> None:
    alpha = np.dstack([PICTURE[..., 3]] * 3)
    things: list[Thing] = [
        (2, TEXTURE, rgb("lone", PICTURE)),
        (3, TEXTURE, rgb("lone[alpha]", alpha)),
        (4, TEXTURE, rgb("twin", PICTURE)),
        (5, TEXTURE, rgb("twin", PICTURE)),
        (6, TEXTURE, rgb("twin[alpha]", alpha)),
    ]

    found, _ = pictures(things, tmp_path)

    np.testing.assert_array_equal(found["Texture2D lone"][0], PICTURE)
    assert [pixels.shape[2] for pixels in found["Texture2D twin"]] == [3, 3]
    assert len(found["Texture2D twin[alpha]"]) == 1


@pytest.mark.parametrize("name", ["Alpha8", "R8"])
@pytest.mark.parametrize("shrink", [1, 2])
def test_a_sprite_takes_its_alpha_from_any_format_and_size(name: str, shrink: int, tmp_path: Path) -> None:
    alpha = np.ascontiguousarray(PICTURE[::shrink, ::shrink, 3])
    size = (alpha.shape[1], alpha.shape[0])
    things: list[Thing] = [
        (1, TEXTURE, rgb("colour", PICTURE)),
        (2, TEXTURE, texture("cut-out", NUMBERS[name], upside_down(alpha), size)),
        (3, SPRITE, sprite("hero", 1, 2)),
    ]

    (pixels,) = pictures(things, tmp_path)[0]["Sprite hero"]

    np.testing.assert_array_equal(pixels[..., :3], PICTURE[..., :3])
    wanted = Image.fromarray(alpha).resize((16, 8), Image.Resampling.BILINEAR)
    assert np.abs(pixels[..., 3].astype(int) - np.asarray(wanted)).max() <= 1


@pytest.mark.parametrize(
    ("name", "usage", "order"),
    [
        pytest.param("DXT5", 3, "1y1x", id="x in alpha"),
        pytest.param("BC5", 3, "xy", id="two channels"),
        pytest.param("RG16", 4, "xy", id="two channels, said to be plain"),
        pytest.param("RGBA32", 10, "yyyx", id="x in alpha, y elsewhere"),
    ],
)
def test_normals_become_x_y_and_z(name: str, usage: int, order: str, tmp_path: Path) -> None:
    x, y = 190, 127
    z = 127.5 + 127.5 * (1 - (x / 127.5 - 1) ** 2) ** 0.5
    red, green, blue, alpha = ({"x": x, "y": y, "1": 255, "0": 0}[which] for which in order.ljust(4, "0"))
    encode = {"DXT5": making.bc3, "BC5": making.bc5}.get(name)
    flat = mosaic([(red, green, blue, alpha)] * 8)
    data = in_tiles(flat, encode) if encode else flat[..., : len(order)].tobytes()

    found, _ = pictures([(2, TEXTURE, texture("bumps", NUMBERS[name], data, m_LightmapFormat=usage))], tmp_path)

    (pixels,) = found["Texture2D bumps"]
    assert pixels.shape[2] == 3
    assert np.abs(pixels.astype(float) - (x, y, z)).max() <= 3


@pytest.mark.parametrize(("usage", "channel"), [(11, 0), (12, 3)])
def test_one_channel_that_counts_becomes_grey(usage: int, channel: int, tmp_path: Path) -> None:
    thing = texture("mask", NUMBERS["RGBA32"], upside_down(PICTURE), m_LightmapFormat=usage)
    (pixels,) = pictures([(2, TEXTURE, thing)], tmp_path)[0]["Texture2D mask"]
    np.testing.assert_array_equal(pixels, np.dstack([PICTURE[..., channel]] * 3))

"""Sprites as Unity places them: outlines about any pivot, variants of atlases, places outside of their texture."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from samples.unity_bundle import serialized_file
from tests.unit.imaging.doors import Array
from tests.unit.producer.making import extracted, skipped
from tests.unit.producer.unity_making import SPRITE, TEXTURE, Thing, drawn, rgb, rgba, shades

SHEET = shades(3, 24, 16)
# x, y, width and height, from the lowest row.
RECT = (2, 3, 20, 12)
Point = tuple[float, float]
_RECTANGLE, _TIGHT = 0b10, 0
_PIXELS_TO_UNITS = 100.0


def mesh(points: Sequence[Point], pivot: Point, uvs: Sequence[Point] = ()) -> dict[str, Any]:
    """Return the mesh of two triangles of four points, in pixels from the corner of the sprite's rectangle."""
    places = [((x - pivot[0] * RECT[2]), (y - pivot[1] * RECT[3])) for x, y in points]
    data = b"".join(struct.pack("<3f", x / _PIXELS_TO_UNITS, y / _PIXELS_TO_UNITS, 0) for x, y in places)
    channels = [{"stream": 0, "offset": 0, "format": 0, "dimension": 0} for _ in range(14)]
    channels[0]["dimension"] = 3
    if uvs:
        channels[4] |= {"stream": 1, "dimension": 2}
        data = data.ljust(-(-len(data) // 16) * 16, b"\0") + b"".join(struct.pack("<2f", *uv) for uv in uvs)
    zero = {"x": 0.0, "y": 0.0, "z": 0.0}
    counts = {"firstByte": 0, "indexCount": 6, "topology": 0, "baseVertex": 0, "firstVertex": 0, "vertexCount": 4}
    return {
        "m_VertexData": {"m_VertexCount": 4, "m_Channels": channels, "m_DataSize": data},
        "m_IndexBuffer": struct.pack("<6H", 0, 1, 2, 0, 2, 3),
        "m_SubMeshes": [{**counts, "localAABB": {"m_Center": zero, "m_Extent": zero}}],
    }


def sprite(settings: int, rect: tuple[int, int, int, int] = RECT, pivot: Point = (0.5, 0.5), **more: Any) -> Thing:
    box = dict(zip(("x", "y", "width", "height"), map(float, rect), strict=True))
    placed = {"texture": {"m_FileID": 0, "m_PathID": 2}, "textureRect": box, "settingsRaw": settings, **more}
    fields = {"m_Rect": box, "m_Pivot": dict(zip("xy", pivot, strict=True)), "m_PixelsToUnits": _PIXELS_TO_UNITS}
    return (3, SPRITE, {"m_Name": "hero", **fields, "m_RD": placed})


def cut(thing: Thing, sheet: dict[str, Any], folder: Path) -> tuple[Array | None, str]:
    """Return the pixels of the sprite, its highest row first, and why it was left out."""
    file = folder / "game.assets"
    file.write_bytes(serialized_file([(2, TEXTURE, sheet), thing]))
    items = extracted(file, folder / "out")
    found = drawn(items, folder / "out").get("game.assets/sprites/hero")
    return found, "".join(item.reason for item in skipped(items))


def of_sheet(left: int, bottom: int, width: int, height: int) -> Array:
    return SHEET[SHEET.shape[0] - bottom - height : SHEET.shape[0] - bottom, left : left + width]


@pytest.mark.parametrize("pivot", [(0.5, 0.5), (0.0, 1.0), (1.5, -0.25)])
def test_an_outline_lies_where_it_is_counted_from_the_pivot(pivot: Point, tmp_path: Path) -> None:
    """It may be smaller than the rectangle, and the pivot outside; the outline's edge may be a pixel off."""
    points = [(6.0, 4.0), (16.0, 4.0), (16.0, 10.0), (6.0, 10.0)]

    pixels, _ = cut(sprite(_TIGHT, pivot=pivot, **mesh(points, pivot)), rgba("sheet", SHEET), tmp_path)

    assert pixels is not None
    assert pixels.shape == (12, 20, 4)
    np.testing.assert_array_equal(pixels[3:7, 7:15], of_sheet(*RECT)[3:7, 7:15])
    seen = pixels[..., 3] > 0
    assert not seen[:1].any()
    assert not seen[9:].any()
    assert not seen[:, :5].any()
    assert not seen[:, 18:].any()


def test_what_lies_outside_an_outline_is_transparent_though_the_texture_has_no_alpha(tmp_path: Path) -> None:
    points = [(4.0, 2.0), (16.0, 2.0), (16.0, 10.0), (4.0, 2.0)]
    uvs = [((x + RECT[0]) / 24, (y + RECT[1]) / 16) for x, y in points]

    pixels, _ = cut(sprite(_TIGHT, **mesh(points, (0.5, 0.5), uvs)), rgb("sheet", SHEET), tmp_path)

    assert pixels is not None
    # A triangle: its lower right corner is seen, and the upper left is not.
    assert pixels.shape == (8, 12, 4)
    assert (pixels[-1, -2, 3], pixels[0, 0, 3]) == (255, 0)


def test_a_sprite_of_an_atlas_variant_is_cut_in_the_variants_own_size(tmp_path: Path) -> None:
    """Its place is that in the atlas that the variant is a smaller copy of."""
    pixels, _ = cut(sprite(_RECTANGLE, (4, 8, 24, 16), downscaleMultiplier=0.5), rgba("sheet", SHEET), tmp_path)
    np.testing.assert_array_equal(pixels, of_sheet(2, 4, 12, 8))


def test_an_outline_in_an_atlas_variant_is_as_small(tmp_path: Path) -> None:
    points = [(0.0, 0.0), (10.0, 0.0), (10.0, 12.0), (0.0, 12.0)]
    placed = mesh(points, (0.5, 0.5))
    pixels, _ = cut(sprite(_TIGHT, downscaleMultiplier=0.5, **placed), rgba("sheet", SHEET), tmp_path)
    assert pixels is not None
    assert pixels.shape == (6, 10, 4)
    assert pixels[:, :5, 3].all()
    assert not pixels[:, 7:, 3].any()


def test_a_sprite_that_stands_over_its_texture_has_what_there_is(tmp_path: Path) -> None:
    pixels, _ = cut(sprite(_RECTANGLE, (20, 12, 8, 8)), rgba("sheet", SHEET), tmp_path)
    np.testing.assert_array_equal(pixels, of_sheet(20, 12, 4, 4))


def test_a_sprite_outside_of_its_texture_is_named(tmp_path: Path) -> None:
    pixels, why = cut(sprite(_RECTANGLE, (40, 3, 8, 8)), rgba("sheet", SHEET), tmp_path)
    assert pixels is None
    assert "outside its texture of 24 by 16 pixels" in why

"""Unity's textures of several pictures: each comes out as one, at its own place in the bytes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from UnityPy.enums.GraphicsFormat import GRAPHICS_TO_TEXTURE_MAP, GraphicsFormat

from producer_tools.extraction.unity.objects.formats import UNITY_FORMATS
from producer_tools.extraction.unity.objects.graphics_formats import GRAPHICS_FORMATS
from samples.unity_bundle import serialized_file
from tests.unit.imaging.doors import Array
from tests.unit.producer import crunched
from tests.unit.producer.making import extracted, textures
from tests.unit.producer.unity_making import NUMBERS, drawn, reasons, rgba, shades, upside_down, written

CUBE, VOLUME, ARRAY, CUBES = 89, 117, 187, 188
SIX = [shades(seed, 8, 8) for seed in range(6)]
RGBA32, SRGB8, UNORM8 = 4, 4, 8


def with_smaller(picture: Array) -> bytes:
    """Return the bytes of a picture and its smaller sizes, which nobody looks at."""
    return upside_down(picture) + bytes(4 * (4 * 4 + 2 * 2 + 1))


def layered(name: str, pictures: Sequence[Array], number: int, data: bytes, **more: Any) -> dict[str, Any]:
    return {
        "m_Name": name,
        "m_Width": pictures[0].shape[1],
        "m_Height": pictures[0].shape[0],
        "m_Depth": len(pictures),
        "m_Format": number,
        "m_MipCount": 4,
        "m_DataSize": len(data),
        "image data": data,
        **more,
    }


def check(source: Path, output: Path, kind: str, wanted: dict[str, Array]) -> None:
    items = extracted(source, output)
    assert reasons(items) == {}
    assert {(item.source_type, item.name) for item in textures(items)} == {(kind, name) for name in wanted}
    for name, pixels in drawn(items, output).items():
        np.testing.assert_array_equal(pixels, wanted[name.partition("/")[2]], err_msg=name)


def test_the_faces_of_a_cube_are_kept_from_the_top_to_the_bottom(tmp_path: Path) -> None:
    data = b"".join(with_smaller(face) for face in SIX)
    cube = rgba("sky", SIX[0]) | {"m_ImageCount": 6, "m_TextureDimension": 4, "m_MipCount": 4, "image data": data}
    game = written(tmp_path, {"level0": serialized_file([(2, CUBE, cube)])})
    check(game / "level0", tmp_path / "out", "Cubemap", {f"sky/{n}": face[::-1] for n, face in enumerate(SIX)})


@pytest.mark.parametrize(("name", "variant"), crunched.CUBES)
def test_the_faces_of_a_crunched_cube_go_on_in_one_stream(name: str, variant: str, tmp_path: Path) -> None:
    """Unity changed its variant of Crunch in 2017.3."""
    data = crunched.CUBES[name, variant]
    cube = rgba("sky", crunched.FACES[0], m_TextureFormat=NUMBERS[name], m_ImageCount=6) | {"image data": data}
    version = "2017.1.0f3" if variant == "older" else "2018.4.36f1"
    game = written(tmp_path, {"level0": serialized_file([(2, CUBE, cube)], unity_version=version)})
    items = extracted(game / "level0", tmp_path / "out")
    assert reasons(items) == {}
    bands = 3 if name in {"DXT1Crunched", "ETC_RGB4Crunched"} else 4
    found = drawn(items, tmp_path / "out")
    assert len(found) == 6
    for number, face in enumerate(crunched.FACES):
        difference = found[f"level0/sky/{number}"].astype(int) - face
        assert np.abs(difference[..., :bands]).max() <= 12, (name, number)


def test_crunched_faces_that_cannot_be_told_apart_are_named(tmp_path: Path) -> None:
    data = bytearray(crunched.CUBES["DXT1Crunched", "older"])
    data[14:16] = (24).to_bytes(2, "big")
    cube = rgba("sky", crunched.FACES[0], m_TextureFormat=NUMBERS["DXT1Crunched"], m_ImageCount=6)
    file = serialized_file([(2, CUBE, cube | {"image data": bytes(data)})], unity_version="2017.1.0f3")
    game = written(tmp_path, {"level0": file})
    items = extracted(game / "level0", tmp_path / "out")
    assert len(reasons(items)) == 6
    for number in range(6):
        told = reasons(items)[f"level0: sky/{number}"]
        assert "in faces of 24 pixels, which are not read: export it as PNG" in told


@pytest.mark.parametrize(
    ("version", "number"), [("2018.4.36f1", RGBA32), ("2021.3.1f1", UNORM8), ("6000.0.1f1", SRGB8)]
)
def test_an_array_has_its_elements_one_after_the_other(version: str, number: int, tmp_path: Path) -> None:
    """Since 2019.1 its format is one of GraphicsFormat's numbers."""
    data = b"".join(with_smaller(element) for element in SIX)
    file = serialized_file([(2, ARRAY, layered("terrain", SIX, number, data))], unity_version=version)
    game = written(tmp_path, {"level0": file})
    check(game / "level0", tmp_path / "out", "Texture2DArray", {f"terrain/{n}": one for n, one in enumerate(SIX)})


def test_a_volume_has_all_slices_of_one_size_together(tmp_path: Path) -> None:
    data = b"".join(upside_down(one) for one in SIX) + bytes(4 * 4 * 4 * 3)
    game = written(tmp_path, {"level0": serialized_file([(2, VOLUME, layered("fog", SIX, RGBA32, data))])})
    check(game / "level0", tmp_path / "out", "Texture3D", {f"fog/{n}": one for n, one in enumerate(SIX)})


def test_an_array_of_cubes_has_six_faces_for_each(tmp_path: Path) -> None:
    faces = [*SIX, *(shades(seed, 8, 8) for seed in range(6, 12))]
    data = b"".join(with_smaller(face) for face in faces)
    fields = layered("probes", faces, RGBA32, data, m_CubemapCount=2)
    game = written(tmp_path, {"level0": serialized_file([(2, CUBES, fields)])})
    check(game / "level0", tmp_path / "out", "CubemapArray", {f"probes/{n}": f[::-1] for n, f in enumerate(faces)})


def test_layers_may_lie_in_another_file(tmp_path: Path) -> None:
    data = b"".join(with_smaller(element) for element in SIX)
    stream = {"offset": 32, "size": len(data), "path": "level0.resS"}
    fields = layered("terrain", SIX, RGBA32, b"", m_StreamData=stream, m_DataSize=len(data))
    game = written(
        tmp_path / "game", {"level0": serialized_file([(2, ARRAY, fields)]), "level0.resS": bytes(32) + data}
    )
    check(game / "level0", tmp_path / "out", "Texture2DArray", {f"terrain/{n}": one for n, one in enumerate(SIX)})


@pytest.mark.parametrize("count", [0, 2**31 - 1])
def test_a_texture_that_claims_too_many_pictures_is_left_out(count: int, tmp_path: Path) -> None:
    fields = layered("endless", SIX, RGBA32, bytes(64), m_Depth=count)
    game = written(tmp_path, {"level0": serialized_file([(2, ARRAY, fields)])})
    (reason,) = reasons(extracted(game / "level0", tmp_path / "out")).values()
    assert f"claims to hold {count} pictures" in reason


def test_numbers_of_graphics_formats_mean_what_unity_names_them() -> None:
    """UnityPy has the names; what it maps them to itself is wrong for whole numbers of 8 bits."""
    numbers = {unity_format.name: number for number, unity_format in UNITY_FORMATS.items()}
    for ours, unity_format in GRAPHICS_FORMATS.items():
        name = GraphicsFormat(ours).name
        theirs = GRAPHICS_TO_TEXTURE_MAP.get(GraphicsFormat(ours))
        if theirs is not None and not (name.endswith("Int") and "16" not in name):
            assert numbers[unity_format.name] == int(theirs), name
    assert {GRAPHICS_FORMATS[number].name for number in (16, 20)} == {"RGBA32", "RGBA32_SIGNED"}

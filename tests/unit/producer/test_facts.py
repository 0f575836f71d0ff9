"""What a game's file says of a texture beside its pixels goes into the event, and is heard by the tagger."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest
from srctools.vtf import ImageFormats

from consumer.imaging.facts import TextureFacts
from consumer.services.names import names_of
from producer_tools.delivery.events import extracted_event
from producer_tools.extraction.extract import ExtractedTexture
from samples.unity_bundle import serialized_file
from tests.unit.imaging import texture_files
from tests.unit.imaging.dds_encodings import ENCODED, PICTURE
from tests.unit.imaging.making import HEIGHT, WIDTH, bc5, channels, dds, in_tiles
from tests.unit.producer.making import extracted, png, textures

_BC5 = in_tiles(PICTURE, bc5)
_RGBA = channels(PICTURE, "rgba", "u8")
_BC7 = ENCODED["BC7"][0]


def _vtf(flags: int) -> bytes:
    data = bytearray(texture_files.vtf([PICTURE], ImageFormats.RGBA8888, (7, 2)))
    data[20:24] = struct.pack("<I", flags)
    return bytes(data)


def of(data: bytes, name: str, folder: Path) -> ExtractedTexture:
    (folder / name).write_bytes(data)
    (found,) = textures(extracted(folder / name, folder / "out"))
    return found


@pytest.mark.parametrize(
    ("name", "data", "facts"),
    [
        ("bump.dds", dds(_BC5, dxgi=83), TextureFacts("BC5", "normal_map", None, 1)),
        ("wall.dds", dds(_RGBA, dxgi=29), TextureFacts("R8G8B8A8_UNORM", None, "srgb", 1)),
        ("rough.dds", dds(channels(PICTURE, "r", "u8"), dxgi=61), TextureFacts("R8_UNORM", "single_channel", None, 1)),
        ("wall.ktx2", texture_files.ktx2(_RGBA, 37), TextureFacts("R8G8B8A8", None, None, 1)),
        ("bump.ktx", texture_files.ktx([_BC5], internal=0x8DBD), TextureFacts("BC5", "normal_map", None, 1)),
        ("wall_srgb.ktx2", texture_files.ktx2(_RGBA, 43), TextureFacts("R8G8B8A8", None, "srgb", 1)),
        (
            "turned.ktx2",
            texture_files.ktx2(_RGBA, 43, values=[("KTXswizzle", "bgra")]),
            TextureFacts("R8G8B8A8", None, "srgb", 1),
        ),
        ("light.ktx2", texture_files.ktx2(_RGBA, 37, transfer=1), TextureFacts("R8G8B8A8", None, "linear", 1)),
        ("painted.ktx2", texture_files.ktx2(_RGBA, 37, transfer=2), TextureFacts("R8G8B8A8", None, "srgb", 1)),
        ("uastc.ktx2", texture_files.basis_ktx2("UASTC"), TextureFacts(None, None, "srgb", 1)),
        ("wall.ktx", texture_files.ktx([_BC7], internal=0x8E8D), TextureFacts("BC7", None, "srgb", 1)),
        ("floor.vtf", _vtf(0), TextureFacts("RGBA8888", None, None, 3, "repeat")),
        ("sign.vtf", _vtf(0x4 | 0x40 | 0x80), TextureFacts("RGBA8888", "normal_map", "srgb", 3, "clamp")),
        ("plain.png", png(), TextureFacts()),
    ],
)
def test_files_say_what_they_are(name: str, data: bytes, facts: TextureFacts, tmp_path: Path) -> None:
    assert of(data, name, tmp_path).facts == facts


def _unity(**more: Any) -> bytes:
    size = {"m_Width": WIDTH, "m_Height": HEIGHT, "m_CompleteImageSize": len(_RGBA), "m_TextureFormat": 4}
    rest = {"m_MipCount": 1, "m_ImageCount": 1, "m_TextureDimension": 2, "image data": _RGBA}
    return serialized_file([(1, 28, {"m_Name": "bump"} | size | rest | more)])


def test_unity_says_what_a_texture_is_used_for(tmp_path: Path) -> None:
    found = of(_unity(m_LightmapFormat=3, m_ColorSpace=0), "bump.assets", tmp_path)
    assert (found.facts.format, found.facts.usage) == ("RGBA32", "normal_map")
    assert (found.facts.color_space, found.facts.mip_count, found.facts.wrap) == ("linear", 1, "repeat")
    assert of(_unity(m_LightmapFormat=0, m_ColorSpace=1), "wall.assets", tmp_path).facts.color_space == "srgb"


@pytest.mark.parametrize(
    ("kind", "fields", "color_space"),
    [
        pytest.param(89, {"m_TextureFormat": 4, "m_ImageCount": 6, "m_LightmapFormat": 4}, "srgb", id="cube"),
        pytest.param(
            187, {"m_Format": 8, "m_Depth": 6, "m_DataSize": len(_RGBA) * 6, "m_UsageMode": 4}, "srgb", id="array"
        ),
    ],
)
def test_every_picture_of_a_texture_has_what_its_file_says(
    kind: int, fields: dict[str, Any], color_space: str, tmp_path: Path
) -> None:
    size = {"m_Name": "sky", "m_Width": WIDTH, "m_Height": HEIGHT, "image data": _RGBA * 6}
    rest = {"m_MipCount": 1, "m_ColorSpace": 1, "m_TextureSettings": {"m_WrapU": 1}}
    file = serialized_file([(1, kind, size | rest | fields)], unity_version="2021.3.1f1")
    (tmp_path / "sky.assets").write_bytes(file)
    found = textures(extracted(tmp_path / "sky.assets", tmp_path / "out"))
    assert {item.facts for item in found} == {TextureFacts("RGBA32", "normal_map", color_space, 1, "clamp")}
    assert len(found) == 6


def test_the_event_carries_it_and_the_tagger_hears_the_use(tmp_path: Path) -> None:
    """As one of the names: it weighs what a name weighs."""
    texture = of(dds(_BC5, dxgi=83), "t_0.dds", tmp_path)
    event = extracted_event(texture, bucket="b", run_id="r", game=None)
    assert event.source is not None
    assert (event.source.format, event.source.usage, event.source.mip_count) == ("BC5", "normal_map", 1)
    assert "normal_map" in names_of(event)


def test_an_absurd_count_of_sizes_is_not_told(tmp_path: Path) -> None:
    data = bytearray(texture_files.ktx([_BC5], internal=0x8DBD))
    data[12 + 44 : 12 + 48] = struct.pack("<I", 0xFFFF_FFFF)
    assert of(bytes(data), "many.ktx", tmp_path).facts.mip_count is None

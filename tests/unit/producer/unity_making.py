"""Unity's files as the tests of the extraction make them, and what is extracted of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from consumer.imaging.decode import decode
from consumer.imaging.picture import ImageLimits
from producer_tools.extraction.extract import Extracted
from producer_tools.extraction.unity.objects.formats import UNITY_FORMATS
from samples.unity_bundle import serialized_file
from tests.unit.imaging.doors import Array, as_rgba
from tests.unit.producer.making import extracted, skipped, textures

TEXTURE, MATERIAL, SPRITE = 28, 21, 213
NUMBERS = {known.name: number for number, known in UNITY_FORMATS.items()}
Thing = tuple[int, int, Mapping[str, Any]]


def texture(name: str, number: int, data: bytes, size: tuple[int, int] = (16, 8), **more: Any) -> dict[str, Any]:
    return {
        "m_Name": name,
        "m_Width": size[0],
        "m_Height": size[1],
        "m_TextureFormat": number,
        "m_MipCount": 1,
        "m_ImageCount": 1,
        "m_TextureDimension": 2,
        "m_CompleteImageSize": len(data),
        "image data": data,
        **more,
    }


def upside_down(pixels: Array) -> bytes:
    """Unity's rows run from the bottom to the top."""
    return np.ascontiguousarray(pixels[::-1]).tobytes()


def rgb(name: str, pixels: Array) -> dict[str, Any]:
    return texture(name, NUMBERS["RGB24"], upside_down(pixels[..., :3]), (pixels.shape[1], pixels.shape[0]))


def material(name: str, **textures: int | tuple[int, int]) -> dict[str, Any]:
    """Return a material of textures by their path ids, in other files behind the number of the file."""

    def environment(place: int | tuple[int, int]) -> dict[str, Any]:
        one, none = {"x": 1.0, "y": 1.0}, {"x": 0.0, "y": 0.0}
        file_id, path_id = place if isinstance(place, tuple) else (0, place)
        return {"m_Texture": {"m_FileID": file_id, "m_PathID": path_id}, "m_Scale": one, "m_Offset": none}

    return {
        "m_Name": name,
        "m_SavedProperties": {"m_TexEnvs": [(slot, environment(place)) for slot, place in textures.items()]},
    }


def sprite(name: str, base: int, alpha: int, size: tuple[int, int] = (16, 8)) -> dict[str, Any]:
    rect = {"x": 0.0, "y": 0.0, "width": float(size[0]), "height": float(size[1])}
    pointers = {
        which: {"m_FileID": 0, "m_PathID": path_id} for which, path_id in (("texture", base), ("alphaTexture", alpha))
    }
    placed = {"textureRect": rect, "settingsRaw": 0b10, **pointers}
    return {"m_Name": name, "m_Rect": rect, "m_PixelsToUnits": 100.0, "m_RD": placed}


def shades(seed: int, width: int = 16, height: int = 8) -> Array:
    """Return an opaque RGBA picture, its highest row first; no two seeds have the same."""
    y, x = np.mgrid[0:height, 0:width]
    bands = ((x * 7 + seed * 31) % 256, (y * 13 + seed * 17) % 256, (x * y + seed) % 256, np.full_like(x, 255))
    return np.stack(bands, axis=-1).astype(np.uint8)


def rgba(name: str, pixels: Array, **more: Any) -> dict[str, Any]:
    size = (pixels.shape[1], pixels.shape[0])
    return texture(name, NUMBERS["RGBA32"], upside_down(pixels), size, **more)


def streamed(name: str, pixels: Array, path: str, offset: int = 0) -> tuple[dict[str, Any], bytes]:
    """Return a texture whose bytes lie in another file, and those bytes."""
    data = upside_down(pixels)
    stream = {"offset": offset, "size": len(data), "path": path}
    return rgba(name, pixels) | {"image data": b"", "m_StreamData": stream}, data


def cut(name: str, file_id: int, path_id: int, box: tuple[int, int, int, int], height: int = 8) -> dict[str, Any]:
    """Return a sprite of left, top, right, bottom of a texture of this height in another file."""
    left, top, right, bottom = (float(side) for side in box)
    place = {"x": left, "y": height - bottom, "width": right - left, "height": bottom - top}
    pointer = {"m_FileID": file_id, "m_PathID": path_id}
    placed = {"texture": pointer, "textureRect": place, "settingsRaw": 0b10}
    return {"m_Name": name, "m_Rect": place, "m_PixelsToUnits": 100.0, "m_RD": placed}


def written(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Write files below a folder, which is returned."""
    for place, data in files.items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_bytes(data)
    return folder


def drawn(items: Sequence[Extracted], output: Path) -> dict[str, Array]:
    """Return the pixels of what was extracted by asset id, as RGBA."""
    return {
        item.asset_id: as_rgba(decode((output / item.file).read_bytes(), ImageLimits()).pixels).astype(np.uint8)
        for item in textures(items)
    }


def reasons(items: Sequence[Extracted]) -> dict[str, str]:
    return {item.what: item.reason for item in skipped(items)}


def pictures(things: Sequence[Thing], folder: Path) -> tuple[dict[str, list[Array]], dict[str, str]]:
    """Return the pixels of what is extracted by type and name, and the reasons for what is left out."""
    source = folder / "things.assets"
    source.write_bytes(serialized_file(things))
    items = extracted(source, folder / "out")
    found: dict[str, list[Array]] = {}
    for item in textures(items):
        png = (folder / "out" / item.file).read_bytes()
        found.setdefault(f"{item.source_type} {item.name}", []).append(decode(png, ImageLimits()).pixels)
    return found, {item.what.partition(": ")[2]: item.reason for item in skipped(items)}

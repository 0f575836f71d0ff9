"""One file through both doors: what the tagger decodes, and what an extraction writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from consumer.imaging.decode import decode, read
from consumer.imaging.picture import ImageLimits, in_colour
from producer_tools.extraction.extract import extract
from producer_tools.settings import ExtractSettings
from tests.unit.producer.making import skipped, textures

Array = npt.NDArray[Any]


def tagged(data: bytes) -> Array:
    """Return the pixels that the tagger sees, RGB or RGBA."""
    return decode(data, ImageLimits()).pixels


def through_both(files: dict[str, bytes], folder: Path) -> dict[str, tuple[Array, Array]]:
    """Return by name what the tagger makes of each file, and of the PNG that an extraction makes of it."""
    source, output = folder / "in", folder / "out"
    source.mkdir()
    for name, data in files.items():
        (source / name).write_bytes(data)
    items = list(extract([source], output, ExtractSettings()))
    assert not skipped(items), skipped(items)
    found = {item.asset_id.removeprefix("in/"): (output / item.file).read_bytes() for item in textures(items)}
    return {name: (tagged(files[name]), tagged(png)) for name, png in found.items()}


def full(data: bytes) -> Array:
    """Return the pixels of the file itself, in 8 bits."""
    return in_colour(read(data, ImageLimits())).pixels


def as_rgba(pixels: Array) -> Array:
    """Return RGBA of signed whole numbers, to be subtracted."""
    return np.asarray(Image.fromarray(pixels).convert("RGBA")).astype(int)


def farthest(pixels: Array, wanted: Array) -> int:
    return int(np.abs(as_rgba(pixels) - as_rgba(wanted)).max())

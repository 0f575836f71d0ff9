"""The images that speed is measured on: real textures as they are, and as PNGs of one size."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PIL import Image

SAMPLES: Final = Path(__file__).resolve().parents[2] / "samples"
_SUFFIXES: Final = (".png", ".jpg", ".tga", ".dds")
_MOST: Final = 48


def textures(folder: Path) -> list[Path]:
    """Return up to 48 textures of a folder, of every format that it has; raises FileNotFoundError where none is."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES)
    if not paths:
        raise FileNotFoundError(f"{folder} holds no {', '.join(_SUFFIXES)}: name a folder of textures")
    step = max(1, len(paths) // _MOST)
    return paths[::step][:_MOST]


def write_originals(sources: Sequence[Path], folder: Path) -> Path:
    """Copy the files as they are."""
    folder.mkdir(parents=True)
    for number, source in enumerate(sources):
        (folder / f"{number:02}{source.suffix.lower()}").write_bytes(source.read_bytes())
    return folder


def write_pngs(sources: Sequence[Path], folder: Path, size: int) -> Path:
    """Write each as a PNG of ``size`` times ``size`` pixels."""
    folder.mkdir(parents=True)
    for number, source in enumerate(sources):
        (folder / f"{number:02}.png").write_bytes(square_png(source, size))
    return folder


def square_pngs(size: int, most: int = 24) -> list[bytes]:
    """Return samples as PNGs of ``size`` times ``size`` pixels."""
    return [square_png(source, size) for source in sorted(SAMPLES.rglob("*.png"))[:most]]


def square_png(source: Path, size: int) -> bytes:
    """Return the image in that size; alpha stays where it has it."""
    with Image.open(source) as image:
        has_alpha = "A" in image.getbands() or "transparency" in image.info
        square = image.convert("RGBA" if has_alpha else "RGB").resize((size, size), Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    square.save(buffer, "PNG")
    return buffer.getvalue()

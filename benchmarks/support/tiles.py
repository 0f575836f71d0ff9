"""Pictures of one size, to be looked at side by side."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

Colour = tuple[int, int, int]


def tile(file: Path, side: int, ground: Colour, *, smooth: bool = False) -> Image.Image:
    """Return a picture as large as fits, in the middle of a square; ``smooth``: coarse only where it grows a lot."""
    square = Image.new("RGB", (side, side), ground)
    with Image.open(file) as opened:
        picture = opened.convert("RGBA")
    scale = side / max(picture.size)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    picture = picture.resize(size, Image.Resampling.LANCZOS if smooth and scale <= 1.5 else Image.Resampling.NEAREST)
    square.paste(picture, ((side - picture.width) // 2, (side - picture.height) // 2), picture)
    return square

"""Textures side by side, each with what was said of it, right in green and wrong in red."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from benchmarks.support.tiles import tile

_COLUMNS: Final = 12
_SIDE: Final = 96
_GAP: Final = 8
_LINE: Final = 14
_GROUND: Final = (88, 88, 92)
_RIGHT: Final = (130, 230, 140)
_WRONG: Final = (255, 140, 130)


@dataclass(frozen=True, slots=True)
class Shown:
    """A texture's file, and what was said of it with whether that is right, line by line."""

    file: Path
    said: Sequence[tuple[str, bool]]


def draw_sheet(target: Path, shown: Sequence[Shown]) -> None:
    """Write a WebP of all of them, twelve in a row."""
    height = _SIDE + _GAP + _LINE * max(len(one.said) for one in shown)
    rows = -(-len(shown) // _COLUMNS)
    sheet = Image.new("RGB", (_COLUMNS * (_SIDE + _GAP) + _GAP, rows * (height + _GAP) + _GAP), _GROUND)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(11)
    for at, one in enumerate(shown):
        left = _GAP + at % _COLUMNS * (_SIDE + _GAP)
        top = _GAP + at // _COLUMNS * (height + _GAP)
        sheet.paste(tile(one.file, _SIDE, _GROUND, smooth=True), (left, top))
        for line, (name, right) in enumerate(one.said):
            draw.text((left, top + _SIDE + 2 + line * _LINE), name, fill=_RIGHT if right else _WRONG, font=font)
    sheet.save(target, quality=80, method=6)

"""Answers drawn side by side with their names, to be looked at."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from benchmarks.support.tiles import tile

_COLUMNS: Final = 7
_TILE: Final = 180
_NAME: Final = 34
_LETTERS: Final = 30
_GROUND: Final = (96, 96, 96)


def draw_sheet(question: str, answers: Sequence[str], files: Mapping[str, Path], folder: Path) -> None:
    """Write a PNG of the answers, numbered from 1, their names below, and beside it a CSV whose rows are to fill in."""
    if not answers:
        return
    rows = -(-len(answers) // _COLUMNS)
    sheet = Image.new("RGB", (_COLUMNS * _TILE, 24 + rows * (_TILE + _NAME)), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default()
    draw.text((6, 6), question, fill="black", font=font)
    for number, answer in enumerate(answers):
        left, top = number % _COLUMNS * _TILE, 24 + number // _COLUMNS * (_TILE + _NAME)
        sheet.paste(tile(files[answer], _TILE - 4, _GROUND), (left, top))
        name = f"{number + 1} {answer}"
        shown = name if len(name) <= 2 * _LETTERS else f"{name[:18]}…{name[19 - 2 * _LETTERS :]}"
        for line in (0, 1):
            part = shown[line * _LETTERS : (line + 1) * _LETTERS]
            draw.text((left + 2, top + _TILE + 2 + 15 * line), part, fill="black", font=font)
    folder.mkdir(parents=True, exist_ok=True)
    sheet.save(folder / f"{question.replace(' ', '-')}.png")
    with (folder / f"{question.replace(' ', '-')}.csv").open("w", encoding="utf-8", newline="") as lines:
        csv.writer(lines, lineterminator="\n").writerows((question, answer, "") for answer in answers)

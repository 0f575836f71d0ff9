"""Real, free textures that faults are put into: whole surfaces, in colour."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from consumer.imaging.decode import decode
from consumer.imaging.errors import ImageRejectedError
from consumer.imaging.picture import ImageLimits

Pixels = npt.NDArray[np.uint8]
Rng = np.random.Generator

_SUFFIXES: Final = frozenset({".png", ".jpg", ".tga", ".dds"})
_LEAST_SIDE: Final = 64
_CUT_SIDE: Final = 256
_CUTS: Final = 16
_FINE_CUTS: Final = 8
# Levels of 255; what is nearly one colour shows no fault that it has.
_LEAST_CONTRAST: Final = 8.0
_LEAST_COLOUR: Final = 4.0


def surfaces(folders: Sequence[Path], *, least_colour: float = _LEAST_COLOUR) -> list[Pixels]:
    """Return pieces of 64 pixels a side or more, uint8 [H, W, 3], in the order of their files.

    ``least_colour`` is the mean distance of the channels from each other, in levels of 255.
    """
    return [piece for path in _files(folders) for piece in _pieces(path) if _is_telling(piece, least_colour)]


def reliefs(folders: Sequence[Path]) -> list[Pixels]:
    """Return pieces whose brightness may be taken for a height: grey ones too, and large ones in their own resolution.

    In the order of their files, uint8 [H, W, 3].
    """
    fine = (piece for path in _files(folders) for piece in _in_full(path) if _is_telling(piece, 0))
    return [*surfaces(folders, least_colour=0), *fine]


def _in_full(path: Path) -> Iterator[Pixels]:
    try:
        pixels = decode(path.read_bytes(), ImageLimits()).pixels
    except ImageRejectedError:
        return
    height, width = pixels.shape[:2]
    corners = [(top, left) for top in range(0, height - 255, 256) for left in range(0, width - 255, 256)]
    for top, left in corners[:: max(1, len(corners) // _FINE_CUTS)]:
        yield np.ascontiguousarray(pixels[top : top + 256, left : left + 256, :3])


def files(folder: Path) -> list[Path]:
    """Return the textures of a folder and those below, in order."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES)


def _files(folders: Sequence[Path]) -> Iterator[Path]:
    for folder in folders:
        labelled = _normal_maps(folder)
        yield from (path for path in files(folder) if path.name not in labelled)


def _normal_maps(folder: Path) -> set[str]:
    """Return the names of the files that somebody labelled as normal maps: what is made here must not be one before."""
    names = set()
    for table in (*folder.glob("*.csv"), *folder.parent.glob("labels.csv")):
        with table.open(encoding="utf-8", newline="") as lines:
            rows = csv.DictReader(lines)
            names |= {Path(row["file"]).name for row in rows if row.get("texture_role") == "normal_map"}
    return names


def _pieces(path: Path) -> Iterator[Pixels]:
    try:
        pixels = decode(path.read_bytes(), ImageLimits()).pixels
    except ImageRejectedError:
        return
    height, width = pixels.shape[:2]
    if min(height, width) < _LEAST_SIDE:
        return
    colours = pixels[..., :3]
    if min(height, width) < 2 * _CUT_SIDE:
        cuts = [colours[: height // 4 * 4, : width // 4 * 4]]
    else:
        # A sharp picture by construction: twice as many pixels went into it.
        cuts = [
            np.asarray(Image.fromarray(np.ascontiguousarray(colours[top : top + 512, left : left + 512])).reduce(2))
            for top in range(0, height - 511, 512)
            for left in range(0, width - 511, 512)
        ][:_CUTS]
    yield from (np.ascontiguousarray(cut) for cut in cuts)


def _is_telling(cut: Pixels, least_colour: float) -> bool:
    values = cut.reshape(-1, 3).astype(np.float32)
    coloured = float((values.max(axis=1) - values.min(axis=1)).mean())
    black = float((values.max(axis=1) < 8).mean())
    return float(values.mean(axis=1).std()) > _LEAST_CONTRAST and coloured >= least_colour and black < 0.35

"""Training images, decoded once: premultiplied RGBA pixels of every image in one flat file, with an index beside it.

Art up to `LONGEST_SIDE` keeps its own resolution, so that training can enlarge pixel art as the product does.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from export.mini.manifest import Row

LONGEST_SIDE: Final = 224
# Elsewhere in DDS files alpha holds data (player colour, gloss), not transparency.
_DDS_WITH_ALPHA: Final = re.compile(r"/(ui|particles|icons|vegetation|selection|sprites)/|skins/gaia|Weather|Wakes")


@dataclass(frozen=True, slots=True)
class PixelStore:
    """Random access to the decoded images: `store[i]` is uint8 [h, w, 4], colour premultiplied by alpha.

    `positions[i]` is the place that image had in the rows given to `build_store`.
    """

    blob: NDArray[np.uint8]
    offsets: NDArray[np.int64]
    shapes: NDArray[np.int32]
    positions: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.shapes)

    def __getitem__(self, index: int) -> NDArray[np.uint8]:
        height, width = (int(side) for side in self.shapes[index])
        start = int(self.offsets[index])
        return self.blob[start : start + height * width * 4].reshape(height, width, 4)

    def of(self, places: Sequence[int]) -> PixelStore:
        """Return the images at `places` alone, in that order."""
        return PixelStore(self.blob, self.offsets[places], self.shapes[places], self.positions[places])


def open_store(folder: Path) -> PixelStore:
    """Open what `build_store` wrote; pixels are memory-mapped."""
    index = json.loads((folder / "index.json").read_text())
    shapes = np.asarray(index["shapes"], dtype=np.int32)
    sizes = shapes[:, 0].astype(np.int64) * shapes[:, 1] * 4
    offsets = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    positions = np.asarray(index["positions"], dtype=np.int64)
    return PixelStore(np.memmap(folder / "pixels.bin", dtype=np.uint8, mode="r"), offsets, shapes, positions)


def build_store(rows: Sequence[Row], packages: Path, folder: Path, workers: int = 2) -> list[int]:
    """Decode `rows` from the unpacked `packages` into `folder`; return the positions that could not be read.

    These stay out of the store, and so does an image whose pixels were stored before under another name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shapes, positions, failed, seen = [], [], [], set()
    with (folder / "pixels.bin").open("wb") as file, ProcessPoolExecutor(workers) as pool:
        decoded = pool.map(_decode_row, rows, [packages] * len(rows), chunksize=32)
        for position, pixels in enumerate(decoded):
            if pixels is None:
                failed.append(position)
                continue
            content = pixels.tobytes()
            digest = hashlib.sha256(repr(pixels.shape).encode() + content).digest()
            if digest not in seen:
                seen.add(digest)
                shapes.append(pixels.shape[:2])
                positions.append(position)
                file.write(content)
    (folder / "index.json").write_text(json.dumps({"shapes": shapes, "positions": positions}))
    return failed


def premultiplied(image: Image.Image, longest_side: int = LONGEST_SIDE) -> NDArray[np.uint8]:
    """Return uint8 [h, w, 4] with colour times alpha, shrunk (never enlarged) to `longest_side`."""
    rgba = image.convert("RGBA").convert("RGBa")
    scale = longest_side / max(rgba.size)
    if scale < 1:
        size = (max(1, round(rgba.width * scale)), max(1, round(rgba.height * scale)))
        rgba = rgba.resize(size, Image.Resampling.BICUBIC, reducing_gap=3.0)
    return np.frombuffer(rgba.tobytes(), np.uint8).reshape(rgba.height, rgba.width, 4)


def _decode_row(row: Row, packages: Path) -> NDArray[np.uint8] | None:
    path = packages / row.package / row.path
    try:
        source = io.BytesIO(_archive(path).read(row.member)) if row.member else path
        with Image.open(source) as image:
            if image.format == "JPEG":
                image.draft("RGB", (LONGEST_SIDE * 2, LONGEST_SIDE * 2))
            if image.format == "DDS" and not _DDS_WITH_ALPHA.search(f"{row.path}!{row.member}"):
                return premultiplied(image.convert("RGB"))
            return premultiplied(image)
    except (OSError, ValueError, KeyError, NotImplementedError, zipfile.BadZipFile):
        return None


@lru_cache(maxsize=64)
def _archive(path: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(path)

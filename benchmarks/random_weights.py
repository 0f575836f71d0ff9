"""ViT-B-32 with random weights: as fast as the trained one, and its tags mean nothing."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import Final

from PIL import Image

from consumer.tagging.manifest import MANIFEST

FOLDER: Final = Path("build/bench/vit-b-32")
SAMPLES: Final = Path(__file__).resolve().parent.parent / "samples"


def vit_b_32(folder: Path = FOLDER) -> Path:
    """Return a bundle of it, fp32 and int8; made where it is not there, which takes a minute and keeps it."""
    if not (folder / MANIFEST).is_file():
        subprocess.run(
            [
                *(sys.executable, "-m", "aegis", "model", "export", "--arch", "ViT-B-32", "--random-weights"),
                *("--precision", "fp32", "--precision", "int8", "--output", str(folder), "--replace"),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
        )
    return folder.resolve()


def squares(size: int, most: int = 24) -> list[bytes]:
    """Return samples as PNGs of ``size`` times ``size`` pixels, with alpha where they have it."""
    made = []
    for path in sorted(SAMPLES.rglob("*.png"))[:most]:
        with Image.open(path) as image:
            has_alpha = "A" in image.getbands() or "transparency" in image.info
            square = image.convert("RGBA" if has_alpha else "RGB").resize((size, size), Image.Resampling.BICUBIC)
        buffer = io.BytesIO()
        square.save(buffer, "PNG")
        made.append(buffer.getvalue())
    return made

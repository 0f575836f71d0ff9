"""Decoding and preprocessing alone, in one thread: the product's way, or Pillow's with open_clip's rule.

python -m benchmarks.peers.decoding IMAGES ours|pillow
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.peers.turns import serve
from consumer.imaging.decode import decode
from consumer.imaging.picture import ImageLimits
from consumer.tagging.images.preprocess import PreprocessSpec, prepare

SIZE = 224
GROUND = (128, 128, 128)


def ours(data: bytes) -> None:
    """Decode and prepare as the tagger does."""
    prepare(decode(data, ImageLimits()), PreprocessSpec(SIZE, GROUND, "crop"))


def pillow(data: bytes) -> None:
    """Decode, put on a ground, resize bicubic and crop."""
    with Image.open(io.BytesIO(data)) as image:
        flat = image.convert("RGB")
        if "A" in image.getbands():
            flat = Image.new("RGB", image.size, GROUND)
            flat.paste(image, mask=image.getchannel("A"))
        scale = SIZE / min(flat.size)
        resized = flat.resize((round(flat.width * scale), round(flat.height * scale)), Image.Resampling.BICUBIC)
        left, top = (resized.width - SIZE) // 2, (resized.height - SIZE) // 2
        np.asarray(resized.crop((left, top, left + SIZE, top + SIZE)))


def main(images: Path, way: Callable[[bytes], None]) -> None:
    """Serve turns."""

    def work(files: list[bytes]) -> None:
        for data in files:
            way(data)

    serve(work, images)


if __name__ == "__main__":
    main(Path(sys.argv[1]), {"ours": ours, "pillow": pillow}[sys.argv[2]])

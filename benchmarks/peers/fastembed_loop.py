"""fastembed, pointed at the graph of the same weights; batches of eight, every core.

python -m benchmarks.peers.fastembed_loop IMAGES MODEL
"""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

from fastembed import ImageEmbedding
from PIL import Image

from benchmarks.peers.turns import serve

BATCH = 8


def main(images: Path, folder: Path) -> None:
    """Serve turns."""
    model = ImageEmbedding(
        "Qdrant/clip-ViT-B-32-vision",
        specific_model_path=str(folder),
        threads=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        cuda=False,
    )

    def work(files: list[bytes]) -> None:
        for _ in model.embed((Image.open(io.BytesIO(data)) for data in files), batch_size=BATCH):
            pass

    serve(work, images)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

"""The limit: a bare loop on every core. Bytes in memory to embeddings, by the product's own decoder and model.

    python -m benchmarks.peers.limit IMAGES BUNDLE

No Kafka, no S3, no scoring, no events.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from benchmarks.peers.turns import serve
from consumer.concurrency.cpus import available_cpus
from consumer.imaging.decode import decode
from consumer.imaging.picture import ImageLimits
from consumer.tagging.bundle.bundle import load_bundle
from consumer.tagging.images.preprocess import PreprocessSpec, prepare
from consumer.tagging.inference.embed import open_embedder

BATCH = 8


def main(images: Path, bundle_folder: Path) -> None:
    """Serve turns."""
    bundle = load_bundle(bundle_folder)
    embedder, spec, limits = open_embedder(bundle), PreprocessSpec.of(bundle.manifest.image), ImageLimits()

    def embed(batch: list[bytes]) -> None:
        embedder.run(np.stack([prepare(decode(data, limits), spec) for data in batch]))

    threads = ThreadPoolExecutor(available_cpus())

    def work(files: list[bytes]) -> None:
        list(threads.map(embed, [files[at : at + BATCH] for at in range(0, len(files), BATCH)]))

    serve(work, images)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

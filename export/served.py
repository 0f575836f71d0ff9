"""Labelled images through the path that the product serves: decoder, preprocessing, graph, pixel tests. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from consumer.tagging.bundle import Bundle
from consumer.tagging.decode import ImageLimits, decode
from consumer.tagging.embed import Embedder
from consumer.tagging.pixels import pixel_evidence
from consumer.tagging.preprocess import PreprocessSpec, prepare


@dataclass(frozen=True, slots=True)
class Served:
    """`embeddings` float32 [N, D], and the pixel evidence of each image."""

    embeddings: NDArray[np.float32]
    evidence: tuple[Mapping[str, Mapping[str, float]], ...]


def serve(bundle: Bundle, files: list[Path], batch: int = 8) -> Served:
    """Embed `files` in order; raises ImageRejectedError as the product would."""
    embedder, spec = Embedder(bundle.visual_path), PreprocessSpec.of(bundle.manifest.image)
    embeddings, evidence = [], []
    for at in range(0, len(files), batch):
        images = [decode(file.read_bytes(), ImageLimits()) for file in files[at : at + batch]]
        evidence += [pixel_evidence(image) for image in images]
        embeddings.append(embedder.run(np.stack([prepare(image, spec) for image in images])))
    return Served(np.concatenate(embeddings), tuple(evidence))

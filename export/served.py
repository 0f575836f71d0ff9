"""Labelled images through the path that the product serves: decoder, preprocessing, graph, pixel tests. No torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from consumer.tagging.bundle import Bundle
from consumer.tagging.cpus import available_cpus
from consumer.tagging.decode import ImageLimits, decode
from consumer.tagging.embed import Embedder
from consumer.tagging.errors import ImageRejectedError
from consumer.tagging.pixels import pixel_evidence
from consumer.tagging.preprocess import PreprocessSpec, prepare
from export.labels import LabelsError

_BATCH = 8


@dataclass(frozen=True, slots=True)
class Served:
    """`embeddings` float32 [N, D], and the pixel evidence of each image."""

    embeddings: NDArray[np.float32]
    evidence: tuple[Mapping[str, Mapping[str, float]], ...]


def serve(bundle: Bundle, embedder: Embedder, files: Sequence[Path]) -> Served:
    """Embed `files` in order; raises LabelsError for a file that is not there or is no image."""
    spec = PreprocessSpec.of(bundle.manifest.image)
    embeddings, evidence = [], []
    with ThreadPoolExecutor(available_cpus()) as threads:
        for at in range(0, len(files), _BATCH):
            some = list(threads.map(lambda file: _seen(file, spec), files[at : at + _BATCH]))
            embeddings.append(embedder.run(np.stack([pixels for pixels, _ in some])))
            evidence += [tests for _, tests in some]
    return Served(np.concatenate(embeddings), tuple(evidence))


def _seen(file: Path, spec: PreprocessSpec) -> tuple[NDArray[np.uint8], Mapping[str, Mapping[str, float]]]:
    try:
        image = decode(file.read_bytes(), ImageLimits())
    except OSError as error:
        raise LabelsError(f"The labels name {file}, which cannot be read: {error.strerror or error}.") from error
    except ImageRejectedError as error:
        raise LabelsError(f"The labels name {file}, which cannot be used: {error}.") from error
    return prepare(image, spec), pixel_evidence(image)

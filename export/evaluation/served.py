"""Labelled images through the path that the product serves: decoder, preprocessing, graph, pixel tests. No torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from consumer.concurrency.cpus import available_cpus
from consumer.imaging.decode import decode
from consumer.imaging.errors import ImageRejectedError
from consumer.imaging.picture import ImageLimits
from consumer.tagging.bundle.bundle import Bundle
from consumer.tagging.images.preprocess import PreprocessSpec
from consumer.tagging.inference.embed import Embedder
from consumer.tagging.inputs import as_one, model_inputs
from consumer.tagging.pixels.evidence import pixel_evidence
from consumer.tagging.pixels.layout import layout_of
from export.evaluation.labels import LabelsError

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
            some = list(threads.map(lambda file: _decoded(file, spec), files[at : at + _BATCH]))
            vectors = embedder.run(np.concatenate([inputs for inputs, _ in some]))
            ends = np.cumsum([len(inputs) for inputs, _ in some])[:-1]
            embeddings += [as_one(own) for own in np.split(vectors, ends)]
            evidence += [tests for _, tests in some]
    return Served(np.stack(embeddings), tuple(evidence))


def _decoded(file: Path, spec: PreprocessSpec) -> tuple[NDArray[np.uint8], Mapping[str, Mapping[str, float]]]:
    try:
        image = decode(file.read_bytes(), ImageLimits())
    except OSError as error:
        raise LabelsError(f"The labels name {file}, which cannot be read: {error.strerror or error}.") from error
    except ImageRejectedError as error:
        raise LabelsError(f"The labels name {file}, which cannot be used: {error}.") from error
    layout = layout_of(image.pixels)
    return model_inputs(image, spec, layout), pixel_evidence(image, layout)

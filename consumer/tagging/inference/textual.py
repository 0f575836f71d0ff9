"""The text tower: sentences to embeddings that can be compared with images'. No torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from consumer.concurrency.cpus import available_cpus
from consumer.tagging.bundle.manifest import BundleError, Manifest
from consumer.tagging.bundle.taxonomy import Taxonomy
from consumer.tagging.inference.sessions import open_session

Vectors = NDArray[np.float32]
_BATCH = 64


class TextEncoder:
    """Sentences to L2-normalised float32 [N, D]."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        """Load tokenizer and graph.

        Raises:
            BundleError: the bundle has no text tower, or its tokenizer cannot be read.
            ModelError: the graph cannot be loaded.

        """
        if manifest.textual is None or manifest.tokenizer is None:
            raise BundleError(f"The bundle {folder} has no text tower; words need one.")
        self._tokenizer = read_tokenizer(folder / manifest.tokenizer, manifest.context_length)
        self._session = open_session(folder / manifest.textual, threads=available_cpus())
        self._input = self._session.get_inputs()[0].name

    def __call__(self, texts: list[str]) -> Vectors:
        ids = np.array([encoding.ids for encoding in self._tokenizer.encode_batch(texts)], dtype=np.int64)
        pieces = [self._session.run(None, {self._input: ids[at : at + _BATCH]})[0] for at in range(0, len(ids), _BATCH)]
        vectors: Vectors = np.concatenate(pieces)
        return vectors


def describe(encode: TextEncoder, taxonomy: Taxonomy, words: str) -> NDArray[np.float32]:
    """Return what words look like, [D]: as they are and in the vocabulary's own templates, which the model knows."""
    first = next(iter(taxonomy.categories.values()))
    return ensemble(encode([words, *(template.replace("{}", words) for template in first.templates)]))


def read_tokenizer(path: Path, context_length: int) -> Tokenizer:
    """Read a tokenizer that cuts and pads to `context_length`; raises BundleError for one that does not."""
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:
        raise BundleError(f"{path} is no tokenizer: {' '.join(str(error).split())[:200]}.") from error
    padding, truncation = tokenizer.padding or {}, tokenizer.truncation or {}
    if (padding.get("length"), truncation.get("max_length")) != (context_length, context_length):
        raise BundleError(f"{path} does not cut and pad to {context_length} tokens; make the bundle again.")
    return tokenizer


def ensemble(vectors: Vectors) -> Vectors:
    """Return the mean of vectors [N, D], L2-normalised again: one direction [D] for several ways to say a thing."""
    mean: Vectors = vectors.mean(axis=0)
    return mean / np.linalg.norm(mean)

"""Running graphs and comparing embeddings. No torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from consumer.concurrency.cpus import available_cpus
from consumer.tagging.inference.sessions import open_session


def run_graph(
    path: Path, batch: NDArray[np.generic], *, batch_size: int = 32, optimise: bool = True
) -> NDArray[np.float32]:
    """Run a tower on `batch` in pieces, on the CPU; raises ModelError when the graph cannot be loaded."""
    session = open_session(path, threads=available_cpus(), optimise=optimise)
    name = session.get_inputs()[0].name
    pieces = [session.run(None, {name: batch[at : at + batch_size]})[0] for at in range(0, len(batch), batch_size)]
    return np.concatenate(pieces)


def least_cosine(left: NDArray[np.float32], right: NDArray[np.float32]) -> float:
    """Return the smallest cosine between rows that belong together; both L2-normalised."""
    return float((left * right).sum(axis=1).min())

"""How much of what this CPU multiplies a model uses, and what would make it faster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from consumer.tagging.bundle.bundle import Bundle
from consumer.tagging.inference.embed import Embedder
from consumer.tagging.inference.multiply_adds import multiply_adds
from consumer.tagging.inference.peak import Numbers, best_cpu_seconds, peak_multiply_adds
from consumer.tagging.tuning import Tuning

# From here on a graph is bound by arithmetic: matrix products of its sizes do not reach the peak of the best ones.
_NEAR: Final = 0.5
# Below this share of inference in the CPU time, what surrounds it costs more than it could gain.
_MOSTLY_INFERENCE: Final = 0.7
_WORTH_EXPORTING: Final = 1.5


@dataclass(frozen=True, slots=True)
class Reach:
    """What one thread can do, and what it does.

    ``peak``: multiply-adds per second of the graph's kind of numbers, which for bytes is ``int8_gain`` times that for
    floats; ``needed``: multiply-adds per image; ``inferred``: images per second of CPU time, inference alone.
    """

    numbers: Numbers
    peak: float
    int8_gain: float
    needed: int
    inferred: float

    @property
    def of_inference(self) -> float:
        """Share of the peak that inference alone reaches, in one thread."""
        return self.inferred * self.needed / self.peak

    def of_pipeline(self, images_per_second: float, threads: int) -> float:
        """Return the share of the peak of so many threads, each on a CPU of its own, that this rate is."""
        return images_per_second * self.needed / (self.peak * threads)


def measure_reach(bundle: Bundle, tuning: Tuning, seconds: float) -> Reach:
    """Measure on a CPU, which takes three times so many seconds.

    Raises:
        ModelError: as open_session.

    """
    numbers: Numbers = "int8" if tuning.precision == "int8" else "fp32"
    peaks = {kind: peak_multiply_adds(kind, seconds) for kind in ("int8", "fp32")}
    graph = bundle.graph_path(tuning.precision)
    return Reach(
        numbers,
        peaks[numbers],
        peaks["int8"] / peaks["fp32"],
        multiply_adds(graph),
        _inferred(Embedder(graph, precision=tuning.precision), tuning.max_batch, seconds),
    )


def _inferred(embedder: Embedder, batch: int, seconds: float) -> float:
    """Return images per second of CPU time in one thread; the best batch counts, as of the peak."""
    pixels = np.random.default_rng(0).integers(0, 256, (batch, embedder.size, embedder.size, 3), np.uint8)
    return batch / best_cpu_seconds(lambda: embedder.run(pixels), seconds)


def next_lever(reach: Reach, of_pipeline: float) -> str:
    """Return what would make tagging faster, as the shares tell."""
    if reach.numbers == "fp32" and reach.int8_gain >= _WORTH_EXPORTING:
        return f"an int8 graph (aegis model export): here bytes are multiplied {reach.int8_gain:.1f} times as fast"
    of_time = min(1.0, of_pipeline / reach.of_inference)
    if of_time < _MOSTLY_INFERENCE:
        return (
            f"more CPUs, or textures that decode faster: inference takes {of_time:.0%} of the time, decoding and what "
            "else this machine does the rest"
        )
    if reach.of_inference >= _NEAR:
        return "more CPUs, a GPU, or a smaller model: inference is near what this CPU multiplies"
    return (
        "a model with fewer or larger layers, or a GPU: this graph spends its time on more than multiplying, and other "
        "threads or batches would not change that"
    )

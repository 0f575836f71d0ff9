"""The most that one thread of this CPU multiplies and adds, by onnxruntime itself."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final, Literal

import numpy as np

from consumer.tagging.inference.sessions import open_session

Numbers = Literal["int8", "fp32"]

# 512³ multiply-adds take about a millisecond, and all three matrices stay in the second-level cache.
SIDE: Final = 512
_SECONDS: Final = 0.5
_TYPES: Final = {"int8": np.uint8, "fp32": np.float32}


def graph_path(numbers: Numbers) -> Path:
    """Return the graph of one matrix product, made by ``python -m export.graphs.peak``."""
    return Path(__file__).with_name(f"peak_{numbers}.onnx")


def peak_multiply_adds(numbers: Numbers, seconds: float = _SECONDS) -> float:
    """Return multiply-adds per second of CPU time in one thread: the best of so many seconds.

    The best, because what else the machine does only makes it slower; of CPU time, because a thread that waits for a
    CPU does not compute.

    Raises:
        ModelError: as open_session.

    """
    session = open_session(graph_path(numbers))
    left = np.full((SIDE, SIDE), 7, _TYPES[numbers])
    session.run(None, {"left": left})
    best, ends_at = float("inf"), time.perf_counter() + seconds
    while best == float("inf") or time.perf_counter() < ends_at:
        started = time.thread_time()
        session.run(None, {"left": left})
        best = min(best, time.thread_time() - started)
    return SIDE**3 / best

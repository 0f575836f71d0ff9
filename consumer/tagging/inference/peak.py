"""The most that one thread of this CPU multiplies and adds, by onnxruntime itself."""

from __future__ import annotations

import time
from collections.abc import Callable
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

    Raises:
        ModelError: as open_session.

    """
    session = open_session(graph_path(numbers))
    left = np.full((SIDE, SIDE), 7, _TYPES[numbers])
    return SIDE**3 / best_cpu_seconds(lambda: session.run(None, {"left": left}), seconds)


def best_cpu_seconds(work: Callable[[], object], seconds: float) -> float:
    """Return the least CPU time that the work took in this thread, done over and over for so many seconds.

    The least, because what else the machine does only makes it slower; CPU time, because a thread that waits for a CPU
    does not compute.
    """
    work()
    best, ends_at = float("inf"), time.perf_counter() + seconds
    while best == float("inf") or time.perf_counter() < ends_at:
        started = time.thread_time()
        work()
        best = min(best, time.thread_time() - started)
    return best

"""Services that stop answering without going away, as behind a broken network or on a machine that swaps."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from devstack import Stack


@contextmanager
def frozen(stack: Stack, name: str) -> Iterator[None]:
    """Suspend a service and its children while the block runs; connections to it stay open, and silent."""
    process = psutil.Process(stack.state().processes[name].pid)
    processes = [process, *process.children(recursive=True)]
    for process in processes:
        process.suspend()
    try:
        while any(process.status() != psutil.STATUS_STOPPED for process in processes):
            time.sleep(0.01)
        yield
    finally:
        for process in processes:
            process.resume()

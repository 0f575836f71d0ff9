"""What a process has freed is the system's again, also between pieces that it keeps."""

from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

# Pieces that are kept lie on every page or two, and at the end: glibc alone gives nothing of it back. A process of its
# own, as others' memory would count too.
_SCRIPT = """
import gc
import psutil
from consumer.processes.freed_memory import give_back

def held():
    return psutil.Process().memory_info().rss

before = held()
pieces = [bytes(20_000) if number % 20 else bytes(600) for number in range(10_000)]
kept = pieces[::20]
del pieces
gc.collect()
freed = held()
give_back()
print(before, freed, held(), len(kept))
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="the C library is not glibc")
def test_freed_memory_is_given_back_from_between_what_is_kept() -> None:
    done = subprocess.run([sys.executable, "-c", _SCRIPT], capture_output=True, text=True, check=True)
    before, freed, given_back, _ = map(int, done.stdout.split())

    assert freed - before > 150e6
    assert given_back - before < 40e6

"""How long a texture is compared by its hashes with a library, and a library with itself.

    python -m benchmarks.findings.scale --textures 1000000 --batch 1000000

The hashes are made up: half of them at random, half a few bits from one of 2 000 kinds, which crowd. The library is
compared with itself as `aegis duplicates` does it, each texture with those before it.
"""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Final

import click
import numpy as np

from benchmarks.support.figures import Figure, p95, report
from consumer.findings.hashes import Hashes
from consumer.searching.hash_index import HashIndex

LIBRARY: Final = 1_000_000
_KINDS: Final = 2_000
_CHANGED_BITS: Final = 6
# What is shown and what is stored, on each of eight sides.
_SIDES: Final = 16
_QUESTIONS: Final = 50


@click.command()
@click.option("--textures", default=LIBRARY, show_default=True, help="Textures that one is compared with.")
@click.option("--batch", default=0, show_default=True, help="Textures that are compared with each other; 0 for none.")
def main(textures: int, batch: int) -> None:
    """Measure and report."""
    report("duplicates_scale", [*(against_each_other(batch) if batch else ()), *one_against(textures)])


def one_against(textures: int) -> list[Figure]:
    """Return the CPU time of one comparison with so many textures, and of taking one in."""
    index, started = HashIndex(), time.process_time()
    library = made_up(textures)
    for number, values in enumerate(library):
        index.add_hashes(str(number), values)
    filled_ms = (time.process_time() - started) * 1000
    sides = made_up(_QUESTIONS, sides=_SIDES, seed=1)
    times_ms = [_cpu_ms(partial(index.near_hashes, values)) for values in sides]
    return [
        Figure("duplicates.library", textures, "textures", None, "higher"),
        Figure("duplicates.one_against_library", statistics.median(times_ms), "ms", 20, "lower"),
        Figure("duplicates.one_against_library_p95", p95(times_ms), "ms", None, "lower"),
        Figure("duplicates.taken_in", filled_ms / textures, "ms", None, "lower"),
    ]


def against_each_other(textures: int) -> list[Figure]:
    """Return the CPU hours that a library takes, and how many bytes a texture."""
    index, library = HashIndex(), made_up(textures)
    sides = made_up(_QUESTIONS, sides=_SIDES, seed=1)
    peak_kib = _peak_kib()
    started = time.process_time()
    for number, values in enumerate(library):
        index.near_hashes(sides[number % _QUESTIONS])
        index.add_hashes(str(number), values)
    hours = (time.process_time() - started) / 3600
    return [
        Figure("duplicates.batch", textures, "textures", None, "higher"),
        Figure("duplicates.batch_cpu", hours, "hours", 2 * textures / LIBRARY, "lower"),
        Figure("duplicates.batch_memory", (_peak_kib() - peak_kib) * 1024 / textures, "bytes a texture", None, "lower"),
    ]


def made_up(textures: int, *, sides: int = 2, seed: int = 0) -> Hashes:
    """Return hashes [textures, sides]."""
    random = np.random.default_rng(seed)
    kinds = np.random.default_rng(2).integers(0, 2**64, _KINDS, dtype=np.uint64)
    values = random.integers(0, 2**64, (textures, sides), dtype=np.uint64)
    crowd = kinds[random.integers(0, _KINDS, (textures // 2, sides))]
    for _ in range(_CHANGED_BITS):
        crowd ^= np.uint64(1) << random.integers(0, 64, crowd.shape, dtype=np.uint64)
    values[::2][: len(crowd)] = crowd
    return values


def _cpu_ms(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return (time.process_time() - started) * 1000


def _peak_kib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    main()

"""Which settings run a model fastest here: measured, on the product's own pipeline."""

from __future__ import annotations

import asyncio
import hashlib
import platform
import statistics
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import onnxruntime

from consumer.concurrency.cpus import available_cpus
from consumer.imaging.picture import ImageLimits
from consumer.tagging.bundle.bundle import Bundle
from consumer.tagging.bundle.manifest import Precision
from consumer.tagging.inference.embed import Embedder, open_embedder
from consumer.tagging.inference.precision import choose_precision, int8_is_fast, runs_half_floats
from consumer.tagging.pipeline import TaggingPipeline

DEFAULT_BATCH: Final = 8
_BATCHES: Final = (1, 2, 4, 8, 16, 32)
_IN_FLIGHT: Final = 64
# What is faster by less than this may as well be chance: the default stays.
_WORTH_IT: Final = 1.03


@dataclass(frozen=True, slots=True)
class Tuning:
    """How a model runs: the graph, the threads that decode and infer, and the images in one inference."""

    precision: Precision
    workers: int
    max_batch: int


@dataclass(frozen=True, slots=True)
class Measured:
    tuning: Tuning
    images_per_second: float


Rate = Callable[[Tuning], Awaitable[float]]


def machine_key(bundle: Bundle, provider: str) -> str:
    """Return what a measurement holds for: this model, this onnxruntime, and CPUs of this kind and number."""
    parts = (bundle.digest, provider, onnxruntime.__version__, _cpu_name(), str(available_cpus()))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def default_tuning(bundle: Bundle, provider: str) -> Tuning:
    """Return what runs where nothing was measured."""
    precision = choose_precision(bundle.manifest.graphs.keys(), "auto", provider, int8_is_fast=int8_is_fast())
    return Tuning(precision, available_cpus(), DEFAULT_BATCH)


def precisions(available: Collection[Precision], provider: str) -> list[Precision]:
    """Return those that may be chosen: half floats only where the provider computes with them."""
    return sorted(name for name in available if name != "fp16" or runs_half_floats(provider))


def thread_counts(cpus: int) -> list[int]:
    """Return thread counts worth trying: all CPUs, one less, half of them, and one more for who waits."""
    return sorted({count for count in (cpus // 2, cpus - 1, cpus, cpus + 1) if count >= 1})


async def search(
    default: Tuning, choices: Iterable[Callable[[Tuning], Sequence[Tuning]]], rate: Rate, rounds: int
) -> tuple[Tuning, list[Measured]]:
    """Return the best, and all that was measured, the default first.

    One thing after the other is varied, each starting from the best so far. The candidates of a choice are measured in
    turns, so that what else the machine does hits them alike; of each the median counts.
    """
    best, measured = default, dict[Tuning, float]()
    for choice in choices:
        candidates = list(dict.fromkeys([best, *choice(best)]))
        rates: dict[Tuning, list[float]] = {candidate: [] for candidate in candidates}
        for _ in range(rounds):
            for candidate in candidates:
                rates[candidate].append(await rate(candidate))
        medians = {candidate: statistics.median(values) for candidate, values in rates.items()}
        fastest = max(candidates, key=medians.__getitem__)
        if medians[fastest] > medians[best] * _WORTH_IT:
            best = fastest
        measured = {**medians, **measured}
    ordered = sorted(measured, key=lambda tuning: tuning != default)
    return best, [Measured(tuning, measured[tuning]) for tuning in ordered]


async def tune(
    bundle: Bundle, provider: str, images: Sequence[bytes], *, seconds: float, rounds: int
) -> tuple[Tuning, list[Measured]]:
    """Measure a bundle on this machine; `seconds` is the length of one measurement.

    Raises:
        ProviderUnavailableError, ModelError: as open_embedder.
        ImageRejectedError: one of the images is none that the tagger takes.

    """
    embedders: dict[Precision, Embedder] = {}

    async def rate(tuning: Tuning) -> float:
        if tuning.precision not in embedders:
            opened = await asyncio.to_thread(open_embedder, bundle, tuning.precision, provider)
            embedders[tuning.precision] = opened
        return await _rate(bundle, embedders[tuning.precision], tuning, images, seconds)

    cpus, graphs = available_cpus(), bundle.manifest.graphs.keys()
    choices: list[Callable[[Tuning], Sequence[Tuning]]] = [
        lambda best: [replace(best, precision=name) for name in precisions(graphs, provider)],
        lambda best: [replace(best, workers=count) for count in thread_counts(cpus)],
        lambda best: [replace(best, max_batch=size) for size in _BATCHES],
    ]
    return await search(default_tuning(bundle, provider), choices, rate, rounds)


async def _rate(bundle: Bundle, embedder: Embedder, tuning: Tuning, images: Sequence[bytes], seconds: float) -> float:
    """Return images a second, from bytes to tags, as many in flight as the tagger has."""
    pipeline = TaggingPipeline(
        bundle, embedder, limits=ImageLimits(), workers=tuning.workers, max_batch=tuning.max_batch
    )
    decoders = asyncio.Semaphore(pipeline.decodes_at_once)
    done, ends_at = 0, 0.0

    async def work(first: int) -> None:
        nonlocal done
        at = first
        # At least one each: however busy the machine, nothing has a rate of 0.
        while at == first or time.perf_counter() < ends_at:
            async with decoders:
                prepared = await pipeline.prepare(images[at % len(images)])
            await pipeline.score_together((await pipeline.embed(prepared)).vector, prepared.facts)
            done, at = done + 1, at + _IN_FLIGHT

    try:
        await pipeline.warm_up()
        started = time.perf_counter()
        ends_at = started + seconds
        async with asyncio.TaskGroup() as group:
            for first in range(_IN_FLIGHT):
                group.create_task(work(first))
        return done / (time.perf_counter() - started)
    finally:
        await pipeline.close()


def _cpu_name() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()

"""How fast `aegis retag` applies another calibration to a corpus of tagged events, in how much memory and on what disk.

    python -m benchmarks.retag                        (a minute)
    python -m benchmarks.retag --assets 1000000       (ten, and 5 GB of disk)

Writes synthetic events with embeddings of 512 numbers to a topic, and runs the command on them: ViT-B-32 of random
weights under the shipped calibration, which gives a random embedding about 15 tags. The command's start, its reading of
the topic and its model are in the time.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from benchmarks.support.bundles import vit_b_32
from benchmarks.support.corpus import Corpus, write_corpus
from benchmarks.support.figures import Figure, report
from benchmarks.support.services import variables
from consumer.kafka.topics import apply_topics
from consumer.tagging.bundle.bundle import CALIBRATION, default_bundle_path, load_bundle
from devstack import Stack
from schemas import Model
from schemas.connections import KafkaConnection
from schemas.topics import Topics

PARTITIONS: Final = 12
# What the memory of a larger corpus is compared with.
FEW: Final = 60_000


@dataclass(frozen=True, slots=True)
class Retag:
    """What the whole command took; ``topic_bytes``: on the broker's disk before and after it, None elsewhere."""

    assets: int
    seconds: float
    cpu_seconds: float
    peak_bytes: int
    topic_bytes: tuple[int, int] | None

    def figures(self) -> list[Figure]:
        rates = [
            Figure("retag_assets", self.assets, "assets", None, "higher"),
            Figure("retag_assets_per_second", self.assets / self.seconds, "assets/s", 5000, "higher"),
            Figure("retag_assets_per_cpu_second", self.assets / self.cpu_seconds, "assets/s", 5000, "higher"),
            Figure("retag_time", self.seconds, "s", None, "lower"),
            Figure("retag_peak_memory", self.peak_bytes / 1e6, "MB", None, "lower"),
        ]
        if self.topic_bytes is None:
            return rates
        before, after = self.topic_bytes
        return [
            *rates,
            Figure("retag_disk_before", before / 1e6, "MB", None, "lower"),
            Figure("retag_disk_after", after / 1e6, "MB", None, "lower"),
        ]


@click.command()
@click.option("--assets", default=FEW, show_default=True, help="Events that are scored again.")
def main(assets: int) -> None:
    """Measure and report."""
    with tempfile.TemporaryDirectory(prefix="aegis-bench-") as folder:
        stack = Stack(Path(folder) / "stack")
        stack.up()
        try:
            few = measured(stack, FEW) if assets > FEW else None
            run = measured(stack, assets)
        finally:
            stack.reset()
    figures = run.figures()
    if few is not None:
        grown = run.peak_bytes / few.peak_bytes
        figures.append(Figure(f"retag_peak_memory_over_{few.assets}_assets", grown, "ratio", 1.25, "lower"))
    report("retag", figures)


def measured(stack: Stack, assets: int) -> Retag:
    """Run it on a topic of its own."""
    bundle = vit_b_32()
    prefix = f"b{uuid.uuid4().hex[:8]}-"
    environment = {**os.environ, **variables(stack), "AEGIS_TOPIC_PREFIX": prefix, "AEGIS_MODEL_BUNDLE": str(bundle)}
    asyncio.run(_write(environment["AEGIS_KAFKA_BOOTSTRAP"], prefix, bundle, assets))
    before = _topic_bytes(stack, prefix)
    started = time.monotonic()
    output, cpu_seconds, peak_bytes = _run(environment)
    seconds = time.monotonic() - started
    if f"complete, {assets} assets, {assets} of them" not in output:
        raise click.ClickException(f"the retag went wrong: {output}")
    after = _topic_bytes(stack, prefix)
    disk = None if before is None or after is None else (before, after)
    return Retag(assets, seconds, cpu_seconds, peak_bytes, disk)


def _run(environment: dict[str, str]) -> tuple[str, float, int]:
    """Return what the command said, its CPU time and its peak of memory."""
    calibration = default_bundle_path() / CALIBRATION
    command = [sys.executable, "-m", "aegis", "retag", "--nice", "0", "--calibration", str(calibration)]
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        return output.read(), used.ru_utime + used.ru_stime, used.ru_maxrss * 1024


def _topic_bytes(stack: Stack, prefix: str) -> int | None:
    """Return what the records of asset-tagged take on disk, which can be seen where the broker is the stack's own.

    Not the blocks of its files, which file systems and Kafka give them beforehand.
    """
    sizes = [file.stat().st_size for file in stack.folder.rglob(f"{Topics(prefix).tagged}-*/*.log")]
    return sum(sizes) if sizes else None


async def _write(bootstrap: str, prefix: str, bundle: Path, assets: int) -> None:
    loaded = load_bundle(bundle)
    model = Model(
        id=loaded.manifest.id, digest=loaded.digest, precision="int8", provider="CPUExecutionProvider", calibrated=False
    )
    topics = Topics(prefix)
    await apply_topics(KafkaConnection(bootstrap=bootstrap), topics.specs(PARTITIONS), replication_factor=1)
    await write_corpus(bootstrap, topics.tagged, Corpus(assets, model, loaded.manifest.dim))


if __name__ == "__main__":
    main()

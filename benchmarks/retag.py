"""How fast `aegis retag` applies another vocabulary to a corpus of tagged events, and in how much memory.

    python -m benchmarks.retag

Writes synthetic events with the shipped model's embeddings to a topic, and runs the command on them, its start, its
reading of the topic and its model included.
"""

from __future__ import annotations

import asyncio
import resource
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

import click

from benchmarks.corpus import Corpus, write_corpus
from benchmarks.figures import Figure, report
from benchmarks.services import variables
from consumer.tagging.bundle import default_bundle_path, load_bundle
from devstack import Stack
from producer_tools.topics import apply_topics
from schemas import Model
from schemas.connections import KafkaConnection
from schemas.topics import Topics

PARTITIONS = 12


@click.command()
@click.option("--assets", default=60_000, show_default=True, help="Events that are scored again.")
def main(assets: int) -> None:
    """Measure and report."""
    with tempfile.TemporaryDirectory(prefix="aegis-bench-") as folder:
        stack = Stack(Path(folder) / "stack")
        stack.up()
        try:
            seconds = measured(variables(stack), assets)
        finally:
            stack.reset()
    # Of the largest of the processes that ended: the command itself.
    peak_bytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    report(
        "retag",
        [
            Figure("retag_assets", assets, "assets", None, "higher"),
            Figure("retag_assets_per_second", assets / seconds, "assets/s", 5000, "higher"),
            Figure("retag_peak_memory", peak_bytes / 1e6, "MB", None, "lower"),
        ],
    )


def measured(environment: dict[str, str], assets: int) -> float:
    """Return the seconds of the whole command."""
    prefix = f"b{uuid.uuid4().hex[:8]}-"
    bundle = load_bundle(default_bundle_path())
    model = Model(
        id=bundle.manifest.id, digest=bundle.digest, precision="int8", provider="CPUExecutionProvider", calibrated=True
    )
    asyncio.run(_write(environment["AEGIS_KAFKA_BOOTSTRAP"], prefix, Corpus(assets, model, bundle.manifest.dim)))
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "aegis", "retag", "--nice", "0"],
        env={**environment, "AEGIS_TOPIC_PREFIX": prefix},
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.monotonic() - started
    if f"complete, {assets} assets, {assets} of them" not in done.stdout:
        raise click.ClickException(f"the retag went wrong: {done.stdout}{done.stderr}")
    return seconds


async def _write(bootstrap: str, prefix: str, corpus: Corpus) -> None:
    topics = Topics(prefix)
    await apply_topics(KafkaConnection(bootstrap=bootstrap), topics.specs(PARTITIONS), replication_factor=1)
    await write_corpus(bootstrap, topics.tagged, corpus)


if __name__ == "__main__":
    main()

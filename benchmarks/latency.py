"""How long one event takes on an idle system: from the upload's start to the row in PostgreSQL.

    python -m benchmarks.latency

Starts a tagger and a sink, on a stack of its own where the environment names no services, and publishes one texture
after the other.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import time
from pathlib import Path

import asyncpg
import click
from aiokafka import AIOKafkaProducer

from benchmarks.support.figures import Figure, p95, report
from benchmarks.support.images import SAMPLES
from benchmarks.support.services import make, new_pipeline
from devstack import Stack
from schemas import encode_event, event_headers
from testkit.running import Pipeline, new_asset_id

POLL_SECONDS = 0.001
GOAL_P50_MS = 150


@click.command()
@click.option("--events", default=200, show_default=True, help="Events that are measured.")
@click.option("--warm-up", default=20, show_default=True, help="Events before them that are not.")
def main(events: int, warm_up: int) -> None:
    """Measure and report."""
    with tempfile.TemporaryDirectory(prefix="aegis-bench-") as folder:
        stack = Stack(Path(folder) / "stack")
        stack.up()
        try:
            report("latency", asyncio.run(measured(stack, Path(folder), events, warm_up)))
        finally:
            stack.reset()


async def measured(stack: Stack, folder: Path, events: int, warm_up: int) -> list[Figure]:
    """Return the figures of so many events, one after the other."""
    pipeline = new_pipeline(stack, folder, AEGIS_PG_SCHEMA="aegis")
    await asyncio.to_thread(make, pipeline, "topics", "tables")
    services = [pipeline.service("tagger"), pipeline.service("sink")]
    for service in services:
        service.start()
    try:
        latencies_ms = await _one_by_one(pipeline, events, warm_up)
    finally:
        for service in services:
            await asyncio.to_thread(service.stop)
    return [
        Figure("latency_idle_p50", statistics.median(latencies_ms), "ms", GOAL_P50_MS, "lower"),
        Figure("latency_idle_p95", p95(latencies_ms), "ms", None, "lower"),
    ]


async def _one_by_one(pipeline: Pipeline, events: int, warm_up: int) -> list[float]:
    textures = [path.read_bytes() for path in sorted(SAMPLES.rglob("*.png"))]
    connection = await asyncpg.connect(pipeline.environment["AEGIS_PG_DSN"])
    statement = await connection.prepare("SELECT 1 FROM aegis.assets WHERE asset_id = $1")
    producer = AIOKafkaProducer(bootstrap_servers=pipeline.bootstrap, enable_idempotence=True)
    await producer.start()
    latencies_ms = []
    try:
        for number in range(warm_up + events):
            # A few bytes behind the picture make an object of its own, so that each event uploads.
            data, asset_id = textures[number % len(textures)] + os.urandom(8), new_asset_id("bench")
            started = time.perf_counter()
            event = pipeline.event(asset_id, await asyncio.to_thread(pipeline.upload, data))
            await producer.send_and_wait(
                pipeline.topics.extracted,
                encode_event(event),
                key=asset_id.encode(),
                headers=list(event_headers(event, source="/bench")),
            )
            while await statement.fetchval(asset_id) is None:
                await asyncio.sleep(POLL_SECONDS)
                if time.perf_counter() - started > 60:
                    raise SystemExit(f"no row within 60 s; the logs are in {pipeline.log_dir}")
            if number >= warm_up:
                latencies_ms.append((time.perf_counter() - started) * 1000)
    finally:
        await producer.stop()
        await connection.close()
    return latencies_ms


if __name__ == "__main__":
    main()

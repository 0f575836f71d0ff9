"""How long one event takes on an idle system: from the upload's start to the row in PostgreSQL.

    python -m benchmarks.latency

Starts a stack of its own, one tagger and one sink, and publishes one texture after the other.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import time
import uuid
from pathlib import Path

import asyncpg
from aiokafka import AIOKafkaProducer

from benchmarks.figures import Figure, report
from devstack import Stack
from schemas import encode_event, event_headers
from tests.integration.pipeline.running import Pipeline, new_asset_id

SAMPLES = Path(__file__).resolve().parent.parent / "samples"
WARM_UP = 20
EVENTS = 200
POLL_SECONDS = 0.001
GOAL_P50_MS = 150


def main() -> None:
    """Measure and report."""
    with tempfile.TemporaryDirectory(prefix="aegis-bench-") as folder:
        stack = Stack(Path(folder) / "stack")
        stack.up()
        try:
            latencies_ms = _measured(stack, Path(folder))
        finally:
            stack.reset()
    cuts = statistics.quantiles(latencies_ms, n=20)
    report(
        "bench",
        [
            Figure("latency_idle_p50", statistics.median(latencies_ms), "ms", GOAL_P50_MS, "lower"),
            Figure("latency_idle_p95", cuts[18], "ms", None, "lower"),
        ],
    )


def _measured(stack: Stack, folder: Path) -> list[float]:
    name = f"b{uuid.uuid4().hex[:8]}"
    environment = {**stack.variables(), "AEGIS_TOPIC_PREFIX": f"{name}-", "AEGIS_S3_BUCKET": name}
    pipeline = Pipeline(environment, folder)
    for command in (("topics", "apply"), ("db", "migrate")):
        done = pipeline.aegis(*command)
        if done.returncode:
            raise SystemExit(done.stderr)
    services = [pipeline.service("tagger"), pipeline.service("sink")]
    for service in services:
        service.start()
    try:
        return asyncio.run(_one_by_one(pipeline))
    finally:
        for service in services:
            service.stop()


async def _one_by_one(pipeline: Pipeline) -> list[float]:
    textures = [path.read_bytes() for path in sorted(SAMPLES.rglob("*.png"))]
    connection = await asyncpg.connect(pipeline.environment["AEGIS_PG_DSN"])
    statement = await connection.prepare("SELECT 1 FROM aegis.assets WHERE asset_id = $1")
    producer = AIOKafkaProducer(bootstrap_servers=pipeline.bootstrap, enable_idempotence=True)
    await producer.start()
    latencies_ms = []
    try:
        for number in range(WARM_UP + EVENTS):
            # A few bytes behind the picture make an object of its own, so that each event uploads.
            data, asset_id = textures[number % len(textures)] + os.urandom(8), new_asset_id("bench")
            started = time.perf_counter()
            event = pipeline.event(asset_id, await asyncio.to_thread(pipeline.upload, data))
            await producer.send_and_wait(
                pipeline.topics.extracted,
                encode_event(event),
                key=asset_id.encode(),
                headers=event_headers(event, source="/bench"),
            )
            while await statement.fetchval(asset_id) is None:
                await asyncio.sleep(POLL_SECONDS)
                if time.perf_counter() - started > 60:
                    raise SystemExit(f"no row within 60 s; the logs are in {pipeline.log_dir}")
            if number >= WARM_UP:
                latencies_ms.append((time.perf_counter() - started) * 1000)
    finally:
        await producer.stop()
        await connection.close()
    return latencies_ms


if __name__ == "__main__":
    main()

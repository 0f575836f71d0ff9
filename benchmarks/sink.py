"""How fast the sink stores tagged events, beside the loop that one would write first and, where given, another build.

    make bench-sink ARGS="--before CHECKOUT"     (ten minutes)

Writes events of ten tags and 512 numbers to asset-tagged, then lets a sink process work them off. Beside it, on the
same PostgreSQL: one transaction an event, its tags by executemany. Embeddings are measured apart, by the time that
their HNSW index takes to have them all. CPU time is that of the sink's process.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import click

from benchmarks.support.builds import Build
from benchmarks.support.figures import Figure, report
from benchmarks.support.services import new_pipeline, variables
from benchmarks.support.tagged import TAGS, produce, tagged_values, without_embedding
from devstack import Stack
from schemas import (
    AssetTagged,
    decode_event,
)
from testkit.running import Pipeline

_STOP_SECONDS = 60


@click.command()
@click.option("--events", default=30_000, show_default=True, help="Events that the sink stores in each round.")
@click.option("--row-by-row", default=1500, show_default=True, help="Events that the plain loop stores.")
@click.option("--rounds", default=5, show_default=True, help="Rounds; their medians are reported.")
@click.option(
    "--before", type=click.Path(exists=True, path_type=Path), help="Checkout of another build, installed in its .venv."
)
def main(events: int, row_by_row: int, rounds: int, before: Path | None) -> None:
    """Measure and report."""
    with tempfile.TemporaryDirectory(prefix="aegis-bench-") as folder:
        stack = Stack(Path(folder) / "stack")
        stack.up()
        try:
            report(
                "sink",
                asyncio.run(measured(stack, Path(folder), events, row_by_row=row_by_row, rounds=rounds, before=before)),
            )
        finally:
            stack.reset()


@dataclass(frozen=True, slots=True)
class Stored:
    """What one sink took to store its events."""

    events_per_second: float
    cpu_us_per_event: float
    embeddings_per_second: float = 0.0


async def measured(
    stack: Stack, folder: Path, events: int, *, row_by_row: int, rounds: int, before: Path | None = None
) -> list[Figure]:
    """Return the figures of so many rounds."""
    ours, bare, others, loop_rates = [], [], [], []
    for _ in range(rounds):
        values = list(tagged_values(events))
        ours.append(await _sink(stack, folder, values, Build()))
        bare_values = [without_embedding(value) for value in values]
        bare.append(await _sink(stack, folder, bare_values, Build()))
        if before is not None:
            others.append((await _sink(stack, folder, bare_values, Build(before)), bare[-1]))
        loop_rates.append(await _row_by_row(stack, values[:row_by_row]))
    rate, bare_rate = (statistics.median(run.events_per_second for run in runs) for runs in (ours, bare))
    loop = statistics.median(loop_rates)
    return [
        Figure("sink_events_per_second", rate, "events/s", 3000, "higher"),
        Figure("sink_tag_rows_per_second", rate * TAGS, "rows/s", 30_000, "higher"),
        Figure("row_by_row_events_per_second", loop, "events/s", None, "higher"),
        Figure("sink_over_row_by_row", rate / loop, "ratio", 10, "higher"),
        Figure("sink_over_sink_without_embeddings", rate / bare_rate, "ratio", 0.92, "higher"),
        Figure("sink_cpu_per_event", statistics.median(run.cpu_us_per_event for run in bare), "µs", None, "lower"),
        Figure(
            "hnsw_embeddings_per_second",
            statistics.median(run.embeddings_per_second for run in ours),
            "embeddings/s",
            None,
            "higher",
        ),
        *(_against(others) if others else ()),
    ]


def _against(pairs: Sequence[tuple[Stored, Stored]]) -> list[Figure]:
    """Return how this build compares with the other, which each round ran right behind it."""
    rates = [ours.events_per_second / other.events_per_second for other, ours in pairs]
    cpu = [ours.cpu_us_per_event / other.cpu_us_per_event for other, ours in pairs]
    return [
        Figure("sink_over_before", statistics.median(rates), "ratio", 3, "higher"),
        Figure("sink_cpu_over_before", statistics.median(cpu), "ratio", None, "lower"),
    ]


async def _sink(stack: Stack, folder: Path, values: Sequence[bytes], build: Build) -> Stored:
    """Let a sink of this build store the events: counted from the first that is stored to the last."""
    pipeline = new_pipeline(stack, folder)
    schema = pipeline.environment["AEGIS_PG_SCHEMA"]
    build.make(pipeline)
    await produce(pipeline, values)
    connection = await asyncpg.connect(pipeline.environment["AEGIS_PG_DSN"])
    process = build.start(pipeline, folder / f"{schema}.log", "consumer", "sink")
    try:
        stored = f"SELECT count(*) FROM {schema}.assets"  # noqa: S608 - a name of our own
        first, started = await _seen(connection, stored, 1)
        cpu_before = sum(process.cpu_times()[:2])
        _, ended = await _seen(connection, stored, len(values))
        count = len(values) - first
        cpu_us = 1e6 * (sum(process.cpu_times()[:2]) - cpu_before) / count
        embeddings = await connection.fetchval(f"SELECT count(*) FROM {schema}.embeddings_incoming")  # noqa: S608
        _, indexed = await _seen(connection, f"SELECT 1 - count(*) FROM {schema}.embeddings_incoming", 1)  # noqa: S608
        return Stored(count / (ended - started), cpu_us, embeddings / (indexed - ended))
    finally:
        process.terminate()
        process.wait(_STOP_SECONDS)
        await connection.execute(f"DROP SCHEMA {schema} CASCADE")
        await connection.close()


async def _seen(connection: asyncpg.Connection[asyncpg.Record], query: str, least: int) -> tuple[int, float]:
    """Return the first answer of at least ``least``, and when it came."""
    while (found := int(await connection.fetchval(query))) < least:  # noqa: ASYNC110 - a database has no events
        await asyncio.sleep(0.02)
    return found, time.perf_counter()


async def _row_by_row(stack: Stack, values: Sequence[bytes]) -> float:
    """Return events a second of a loop that stores each event as it comes, embeddings left out."""
    name = f"b{uuid.uuid4().hex[:8]}"
    pipeline = Pipeline({**variables(stack), "AEGIS_PG_SCHEMA": name}, Path(os.devnull))
    done = pipeline.aegis("db", "migrate")
    if done.returncode:
        raise SystemExit(done.stderr)
    connection = await asyncpg.connect(pipeline.environment["AEGIS_PG_DSN"])
    await connection.execute(f"SET search_path TO {name}, public")
    started = time.perf_counter()
    for value in values:
        event = decode_event(AssetTagged, value)
        async with connection.transaction():
            await connection.execute(_UPSERT, *_columns(event))
            await connection.execute("DELETE FROM asset_tags WHERE asset_id = $1 AND source = 'model'", event.asset_id)
            await connection.executemany(
                _INSERT_TAG,
                [(event.asset_id, tag.category, tag.tag, tag.confidence, tag.source_model) for tag in event.tags],
            )
    rate = len(values) / (time.perf_counter() - started)
    await connection.execute(f"DROP SCHEMA {name} CASCADE")
    await connection.close()
    return rate


_UPSERT = """
INSERT INTO assets (asset_id, event_id, extracted_event_id, extracted_at, tagged_at, bucket, object_key, size_bytes,
    sha256, width, height, mode, model_id, model_digest, model_precision, calibrated, taxonomy_id, taxonomy_version,
    taxonomy_digest)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
ON CONFLICT (asset_id) DO UPDATE SET event_id = EXCLUDED.event_id, tagged_at = EXCLUDED.tagged_at
WHERE (assets.extracted_at, assets.tagged_at) < (EXCLUDED.extracted_at, EXCLUDED.tagged_at)
"""
_INSERT_TAG = "INSERT INTO asset_tags (asset_id, category, tag, confidence, source_model) VALUES ($1, $2, $3, $4, $5)"


def _columns(event: AssetTagged) -> tuple[object, ...]:
    return (
        event.asset_id,
        event.event_id,
        event.extracted_event_id,
        event.extracted_at,
        event.occurred_at,
        event.object.bucket,
        event.object.key,
        event.object.size,
        event.object.sha256,
        event.image.width,
        event.image.height,
        event.image.mode,
        event.model.id,
        event.model.digest,
        event.model.precision,
        event.model.calibrated,
        event.taxonomy.id,
        event.taxonomy.version,
        event.taxonomy.digest,
    )


if __name__ == "__main__":
    main()

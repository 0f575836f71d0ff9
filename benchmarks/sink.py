"""How fast the sink stores tagged events, beside the loop that one would write first.

    python -m benchmarks.sink

Writes events of ten tags and 512 numbers to asset-tagged, then lets a sink process work them off. Beside it, on the
same PostgreSQL: one transaction an event, its tags by executemany. Embeddings are measured apart, by the time that
their HNSW index takes to have them all.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

import asyncpg
import click
import numpy as np
from aiokafka import AIOKafkaProducer

from benchmarks.support.figures import Figure, report
from benchmarks.support.services import variables
from devstack import Stack
from schemas import (
    AssetTagged,
    CausedBy,
    Embedding,
    ImageInfo,
    Model,
    ObjectRef,
    Tag,
    Taxonomy,
    decode_event,
    encode_event,
    utc_now,
)
from testkit.running import Pipeline

TAGS = 10
DIM = 512
_MODEL = Model(id="bench", digest="sha256:" + "a" * 64, precision="int8", provider="CPUExecutionProvider")
_TAXONOMY = Taxonomy(id="bench", version="1", digest="sha256:" + "b" * 64)


@click.command()
@click.option("--events", default=30_000, show_default=True, help="Events that the sink stores in each round.")
@click.option("--row-by-row", default=1500, show_default=True, help="Events that the plain loop stores.")
@click.option("--rounds", default=3, show_default=True, help="Rounds; their medians are reported.")
def main(events: int, row_by_row: int, rounds: int) -> None:
    """Measure and report."""
    with tempfile.TemporaryDirectory(prefix="aegis-bench-") as folder:
        stack = Stack(Path(folder) / "stack")
        stack.up()
        try:
            report("sink", asyncio.run(measured(stack, Path(folder), events, row_by_row, rounds)))
        finally:
            stack.reset()


async def measured(stack: Stack, folder: Path, events: int, row_by_row: int, rounds: int) -> list[Figure]:
    """Return the figures of so many rounds."""
    sink_rates, loop_rates, bare_rates, index_rates = [], [], [], []
    for _ in range(rounds):
        values = list(tagged_values(events))
        rate, index_rate = await _sink(stack, folder, values)
        sink_rates.append(rate)
        index_rates.append(index_rate)
        bare, _ = await _sink(stack, folder, [_without_embedding(value) for value in values])
        bare_rates.append(bare)
        loop_rates.append(await _row_by_row(stack, values[:row_by_row]))
    rate, loop, bare = (statistics.median(rates) for rates in (sink_rates, loop_rates, bare_rates))
    return [
        Figure("sink_events_per_second", rate, "events/s", 3000, "higher"),
        Figure("sink_tag_rows_per_second", rate * TAGS, "rows/s", 30_000, "higher"),
        Figure("row_by_row_events_per_second", loop, "events/s", None, "higher"),
        Figure("sink_over_row_by_row", rate / loop, "ratio", 10, "higher"),
        Figure("sink_over_sink_without_embeddings", rate / bare, "ratio", None, "higher"),
        Figure("hnsw_embeddings_per_second", statistics.median(index_rates), "embeddings/s", None, "higher"),
    ]


def tagged_values(count: int) -> Iterator[bytes]:
    """Yield events of as many assets, each with ten tags and an embedding."""
    rng = np.random.default_rng(1)
    for number in range(count):
        vector = rng.normal(size=DIM).astype(np.float32)
        confidences = sorted(rng.uniform(0.2, 1, TAGS).tolist(), reverse=True)
        yield encode_event(
            AssetTagged(
                event_id=uuid.uuid4(),
                schema_version=AssetTagged.SCHEMA_VERSION,
                occurred_at=utc_now(),
                asset_id=f"bench/{number}",
                extracted_event_id=uuid.uuid4(),
                extracted_at=utc_now(),
                object=ObjectRef(bucket="bench", key=f"key/{number}", size=1000, sha256=uuid.uuid4().hex * 2),
                image=ImageInfo(width=512, height=512, mode="RGBA"),
                tags=tuple(
                    Tag(tag=f"tag_{at}", category="bench", confidence=round(value, 4), source_model="bench")
                    for at, value in enumerate(confidences)
                ),
                model=_MODEL,
                taxonomy=_TAXONOMY,
                caused_by=CausedBy(topic="asset-extracted", partition=0, offset=number),
                embedding=Embedding.from_array(vector / np.linalg.norm(vector)),
            )
        )


def _without_embedding(value: bytes) -> bytes:
    """Return the event without the digest of its object: such an embedding has no place, and is not stored."""
    event = decode_event(AssetTagged, value)
    return encode_event(event.model_copy(update={"object": event.object.model_copy(update={"sha256": None})}))


async def _sink(stack: Stack, folder: Path, values: Sequence[bytes]) -> tuple[float, float]:
    """Return events and embeddings a second, counted from the first that is stored to the last."""
    name = f"b{uuid.uuid4().hex[:8]}"
    pipeline = Pipeline({**variables(stack), "AEGIS_TOPIC_PREFIX": f"{name}-", "AEGIS_PG_SCHEMA": name}, folder)
    for command in (("topics", "apply"), ("db", "migrate")):
        done = pipeline.aegis(*command)
        if done.returncode:
            raise SystemExit(done.stderr)
    await produce(pipeline, values)
    connection = await asyncpg.connect(pipeline.environment["AEGIS_PG_DSN"])
    sink = pipeline.service("sink")
    sink.start()
    try:
        stored = f"SELECT count(*) FROM {name}.assets"  # noqa: S608 - a name of our own
        first, started = await _seen(connection, stored, 1)
        _, ended = await _seen(connection, stored, len(values))
        embeddings = await connection.fetchval(f"SELECT count(*) FROM {name}.embeddings_incoming")  # noqa: S608
        _, indexed = await _seen(connection, f"SELECT 1 - count(*) FROM {name}.embeddings_incoming", 1)  # noqa: S608
        return (len(values) - first) / (ended - started), embeddings / (indexed - ended)
    finally:
        sink.stop()
        await connection.execute(f"DROP SCHEMA {name} CASCADE")
        await connection.close()


async def _seen(connection: asyncpg.Connection[asyncpg.Record], query: str, least: int) -> tuple[int, float]:
    """Return the first answer of at least ``least``, and when it came."""
    while (found := int(await connection.fetchval(query))) < least:  # noqa: ASYNC110 - a database has no events
        await asyncio.sleep(0.02)
    return found, time.perf_counter()


async def produce(pipeline: Pipeline, values: Sequence[bytes]) -> None:
    """Write the events to asset-tagged."""
    producer = AIOKafkaProducer(bootstrap_servers=pipeline.bootstrap, linger_ms=20, compression_type="lz4")
    await producer.start()
    try:
        for number, value in enumerate(values):
            await producer.send(pipeline.topics.tagged, value, key=f"bench/{number}".encode())
    finally:
        await producer.stop()


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

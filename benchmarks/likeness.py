"""How long one question for what looks alike takes on 100 000 stored embeddings, and how many neighbours it finds.

    python -m benchmarks.likeness

Starts a PostgreSQL of its own with pgvector, stores assets and embeddings of 512 numbers around 2 000 centres, builds
the index as the sink does, and asks through the code that `aegis search --like` asks through.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pgvector import HalfVector
from pgvector.asyncpg import register_vector

from benchmarks.support.figures import Figure, p95, report
from consumer.storage.postgres.database import connect
from consumer.storage.postgres.migrate import migrate
from consumer.storage.tables.embeddings import create_index
from consumer.storage.tables.likeness import LikeQuery, like
from consumer.storage.tables.reads import TagReader
from devstack import Stack
from schemas.connections import DatabaseConnection

STORED = 100_000
DIM = 512
CENTRES = 2_000
QUESTIONS = 200
SHOWN = 20
GOAL_MS = 50
MODEL = "sha256:" + "a" * 64
Vectors = npt.NDArray[np.float32]


def main() -> None:
    """Measure and report."""
    with tempfile.TemporaryDirectory(prefix="aegis-bench-") as folder:
        stack = Stack(Path(folder) / "stack")
        stack.start("postgres")
        try:
            (postgres,) = [item for item in stack.components if item.name == "postgres"]
            variables = postgres.variables(stack.state())
            figures = asyncio.run(_measured(DatabaseConnection(dsn=variables["AEGIS_PG_DSN"])))
        finally:
            stack.reset()
    report("likeness", figures)


async def _measured(connection: DatabaseConnection) -> list[Figure]:
    rng = np.random.default_rng(0)
    centres = _unit(rng.normal(size=(CENTRES, DIM)))
    stored = _unit(centres[rng.integers(0, CENTRES, STORED)] + 0.6 / DIM**0.5 * rng.normal(size=(STORED, DIM)))
    asked = _unit(centres[rng.integers(0, CENTRES, QUESTIONS)] + 0.6 / DIM**0.5 * rng.normal(size=(QUESTIONS, DIM)))
    await migrate(connection)
    session = await connect(connection)
    try:
        await _store(session, stored)
        started = time.perf_counter()
        await create_index(session, MODEL, DIM)
        build_seconds = time.perf_counter() - started
        await session.execute("ANALYZE embeddings; ANALYZE assets")
    finally:
        await session.close()
    times_ms, found = [], 0
    async with await TagReader.open(connection) as reader:
        for number, question in enumerate([asked[0], *asked]):
            started = time.perf_counter()
            matches = await like(reader, LikeQuery(question, MODEL, limit=SHOWN))
            if number:
                times_ms.append((time.perf_counter() - started) * 1000)
                nearest = {f"asset-{at}" for at in np.argsort(-(stored @ question))[:SHOWN]}
                found += len(nearest.intersection(match.asset.asset_id for match in matches))
    return [
        Figure("likeness_query_p50", statistics.median(times_ms), "ms", GOAL_MS, "lower"),
        Figure("likeness_query_p95", p95(times_ms), "ms", GOAL_MS, "lower"),
        Figure("likeness_recall_at_20", found / (SHOWN * QUESTIONS), "", None, "higher"),
        Figure("likeness_index_build", build_seconds, "s", None, "lower"),
    ]


async def _store(session: Any, stored: Vectors) -> None:
    await register_vector(session, schema="public")
    await session.execute(
        "INSERT INTO assets (asset_id, event_id, extracted_event_id, extracted_at, tagged_at, bucket, "
        "object_key, sha256, width, height, mode, model_id, model_digest, model_precision, calibrated, taxonomy_id, "
        "taxonomy_version, taxonomy_digest) SELECT 'asset-' || n, gen_random_uuid(), gen_random_uuid(), now(), now(), "
        "'b', 'k', "
        "lpad(to_hex(n), 64, '0'), 64, 64, 'RGBA', 'm', $1, 'int8', true, 't', '1', $1 "
        "FROM generate_series(0, $2) AS n",
        MODEL,
        STORED - 1,
    )
    rows = [(f"{number:064x}", MODEL, HalfVector(vector.astype(np.float16))) for number, vector in enumerate(stored)]
    await session.copy_records_to_table("embeddings", records=rows, columns=["sha256", "model_digest", "embedding"])


def _unit(vectors: npt.NDArray[np.floating]) -> Vectors:
    unit: Vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return unit


if __name__ == "__main__":
    main()

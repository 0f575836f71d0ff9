"""How fast a lake process writes tagged events into its Iceberg table, and what an asset takes there.

    python -m benchmarks.lake

Writes events of ten tags and 512 numbers to asset-tagged and lets one lake process work them off; then joins the files
and forgets what is old, as timers do. The newest tags are counted by DuckDB.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
import uuid
from datetime import timedelta
from pathlib import Path

import click
import duckdb

from benchmarks.support.figures import Figure, report
from benchmarks.support.services import variables
from benchmarks.support.tagged import TAGS, produce, tagged_values
from consumer.storage.lake.compacting import CompactionPlan, compact
from consumer.storage.lake.expiring import expire
from consumer.storage.lake.lake import Lake
from consumer.storage.lake.place import LakePlace
from consumer.storage.lake.tables import TAGGED
from devstack import Stack
from schemas.connections import DatabaseConnection, ObjectStoreConnection
from testkit.running import Pipeline

_ALL = timedelta(0)
_NEWEST = """
SELECT count(*), sum(len(tags)) FROM (
    SELECT tags, row_number() OVER (PARTITION BY asset_id ORDER BY extracted_at DESC, occurred_at DESC) AS age
    FROM asset_tagged WHERE NOT removed
) WHERE age = 1
"""


@click.command()
@click.option("--events", default=30_000, show_default=True, help="Events that the lake writes in each round.")
@click.option("--rounds", default=3, show_default=True, help="Rounds; their medians are reported.")
def main(events: int, rounds: int) -> None:
    """Measure and report."""
    with tempfile.TemporaryDirectory(prefix="aegis-bench-") as folder:
        stack = Stack(Path(folder) / "stack")
        stack.up()
        try:
            measured = [_round(stack, Path(folder), events) for _ in range(rounds)]
        finally:
            stack.reset()
    figures = {name: statistics.median(found[name] for found in measured) for name in measured[0]}
    report(
        "lake",
        [
            Figure("lake_rows_per_second", figures["rate"], "rows/s", None, "higher"),
            Figure("lake_bytes_per_asset", figures["written"], "bytes", None, "lower"),
            Figure("lake_bytes_per_asset_compacted", figures["compacted"], "bytes", None, "lower"),
            Figure("lake_newest_tags_seconds", figures["asked"], "s", None, "lower"),
        ],
    )


def _round(stack: Stack, folder: Path, events: int) -> dict[str, float]:
    name = f"b{uuid.uuid4().hex[:8]}"
    pipeline = Pipeline(
        {
            **variables(stack),
            "AEGIS_TOPIC_PREFIX": f"{name}-",
            "AEGIS_LAKE_CATALOG_SCHEMA": name,
            "AEGIS_S3_BUCKET": name,
            "AEGIS_PG_SCHEMA": f"{name}_tables",
        },
        folder,
    )
    for command in (("topics", "apply"), ("bucket", "apply"), ("lake", "init")):
        done = pipeline.aegis(*command)
        if done.returncode:
            raise SystemExit(done.stderr)
    asyncio.run(produce(pipeline, list(tagged_values(events))))
    lake = Lake.open(_place(pipeline))
    service = pipeline.service("lake")
    service.start()
    try:
        first, started = _seen(lake, 1)
        last, ended = _seen(lake, events)
    finally:
        service.stop()
    rate = (last - first) / (ended - started) if last > first else events / (ended - started)
    written = _bytes(lake)
    compact(lake, TAGGED, CompactionPlan(min_files=2))
    expire(lake, TAGGED, keep=_ALL, spare=_ALL)
    compacted = _bytes(lake)
    began = time.perf_counter()
    rows = (
        lake.table(TAGGED)
        .scan(selected_fields=("asset_id", "extracted_at", "occurred_at", "removed", "tags"))
        .to_arrow()
    )
    with duckdb.connect() as database:
        database.register("asset_tagged", rows)
        counted = database.execute(_NEWEST).fetchone()
    asked = time.perf_counter() - began
    if counted != (events, events * TAGS):
        raise SystemExit(f"{counted} assets and tags instead of {events} and {events * TAGS}")
    lake.close()
    return {
        "rate": rate,
        "written": written / events,
        "compacted": compacted / events,
        "asked": asked,
    }


def _place(pipeline: Pipeline) -> LakePlace:
    environment = pipeline.environment
    store = ObjectStoreConnection(
        endpoint=environment["AEGIS_S3_ENDPOINT"],
        access_key=environment["AEGIS_S3_ACCESS_KEY"],
        secret_key=environment["AEGIS_S3_SECRET_KEY"],
    )
    database = DatabaseConnection(dsn=environment["AEGIS_PG_DSN"])
    return LakePlace(database, store, environment["AEGIS_LAKE_CATALOG_SCHEMA"], f"s3://{pipeline.bucket}/lake")


def _seen(lake: Lake, least: int) -> tuple[int, float]:
    """Return the first count of rows of at least ``least``, and when it was there."""
    while True:
        found = _summary(lake, "total-records")
        if found >= least:
            return found, time.perf_counter()
        time.sleep(0.1)


def _bytes(lake: Lake) -> int:
    return _summary(lake, "total-files-size")


def _summary(lake: Lake, name: str) -> int:
    snapshot = lake.table(TAGGED).current_snapshot()
    return 0 if snapshot is None or snapshot.summary is None else int(snapshot.summary[name] or 0)


if __name__ == "__main__":
    main()

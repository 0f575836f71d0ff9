"""One proof: write, kill, let Spark read, compare."""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final

from consumer.storage.lake.lake import CATALOG, Lake
from consumer.storage.lake.tables import REVIEWED, TABLES, TAGGED
from devstack import Stack
from schemas.connections import DatabaseConnection
from testkit.corner import make_corner
from testkit.kafka_tools import eventually
from testkit.running import Pipeline
from tests.integration.lake.conftest import make_bucket, place_in
from tests.integration.lake.events import PATIENCE_SECONDS, all_read, history, publish, written
from tests.integration.lake.reading import has_more, rounded, row_count, statements

PACKAGES: Final = ("pyspark==4.1.4",)
# Spark fetches them, and what they need, from Maven Central.
_JARS: Final = (
    "org.apache.iceberg:iceberg-spark-runtime-4.1_2.13:1.12.0",
    "org.apache.iceberg:iceberg-aws-bundle:1.12.0",
    "org.postgresql:postgresql:42.7.8",
)
# Two executors, each a process with one core and 1 GiB.
_MASTER: Final = "local-cluster[2,1,1024]"
_ASSETS: Final = 500
_TURNS: Final = 4
_SPARK_SECONDS: Final = 900
_BUCKETS: Final = 2

Tell = Callable[[str], None]


@dataclass(slots=True)
class Proof:
    """What was written, and what Spark found of it."""

    records: int = 0
    kills: int = 0
    executors: int = 0
    tags: int = 0
    tags_otherwise: int = 0
    lost: int = 0
    doubled: int = 0

    @property
    def is_right(self) -> bool:
        return self.tags > 0 and not (self.tags_otherwise or self.lost or self.doubled)


async def prove(stack: Stack, folder: Path, python: Path, events: int, tell: Tell) -> Proof:
    """Return what Spark finds of so many records, by the interpreter of its environment."""
    corner = await asyncio.to_thread(
        make_corner,
        stack.variables(),
        folder,
        AEGIS_LAKE_CATALOG_SCHEMA="lake_of_spark",
        AEGIS_LAKE_COMMIT_ROWS="100",
        AEGIS_LAKE_COMMIT_SECONDS="0.2",
        AEGIS_STREAM_SESSION_TIMEOUT_SECONDS="6",
    )
    place = place_in(corner.environment)
    make_bucket(place)
    Lake.make(place, _BUCKETS)[0].close()
    proof = Proof()
    try:
        await _write(corner, events, proof, tell)
        tell(f"Spark reads, with {_MASTER}")
        found = await asyncio.to_thread(_ask, corner, folder, python)
        await _compare(corner, found, proof)
    finally:
        corner.end()
    tell(f"{proof.tags} tags as in PostgreSQL, {proof.tags_otherwise} otherwise")
    tell(f"of {proof.records} records {proof.lost} are lost, {proof.doubled} are there twice")
    return proof


async def _write(corner: Pipeline, events: int, proof: Proof, tell: Tell) -> None:
    chance = random.Random(20)
    sink = corner.service("sink")
    sink.start()
    records = history(corner, _ASSETS, events, seed=20)
    for turn in range(_TURNS):
        rows = await asyncio.to_thread(row_count, corner, TAGGED)
        await publish(corner, islice(records, events // _TURNS))
        lake = corner.service("lake", AEGIS_STREAM_GROUP_INSTANCE_ID="only")
        lake.start()
        if turn < _TURNS - 1:
            await eventually(partial(has_more, corner, rows), "some of it is committed", PATIENCE_SECONDS)
            await asyncio.sleep(chance.uniform(0, 0.5))
            lake.kill()
            proof.kills += 1
            tell("killed the lake process in the middle of its commits")
    await all_read(corner, corner.topics.sink_group, corner.topics.lake_group)
    for service in (sink, lake):
        service.stop()


def _ask(corner: Pipeline, folder: Path, python: Path) -> dict[str, Any]:
    question, answer = folder / "question.json", folder / "answer.json"
    question.write_text(
        json.dumps(
            {
                "master": _MASTER,
                "settings": _settings(corner),
                "tables": [spec.name for spec in TABLES],
                "statements": [_of_spark(statement) for statement in statements()],
            }
        )
    )
    with (folder / "spark.log").open("wb") as log:
        subprocess.run(
            [python, Path(__file__).with_name("asking.py"), question, answer],
            check=True,
            stdout=log,
            stderr=log,
            timeout=_SPARK_SECONDS,
            env={**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": str(python)},
        )
    found: dict[str, Any] = json.loads(answer.read_text())
    return found


def _settings(corner: Pipeline) -> dict[str, str]:
    words = DatabaseConnection(dsn=corner.environment["AEGIS_PG_DSN"]).words()
    schema = corner.environment["AEGIS_LAKE_CATALOG_SCHEMA"]
    ours = f"spark.sql.catalog.{CATALOG}"
    return {
        "spark.jars.packages": ",".join(_JARS),
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "4",
        ours: "org.apache.iceberg.spark.SparkCatalog",
        f"{ours}.type": "jdbc",
        f"{ours}.uri": f"jdbc:postgresql://{words['host']}:{words['port']}/{words['dbname']}?currentSchema={schema}",
        f"{ours}.jdbc.user": words["user"],
        f"{ours}.jdbc.password": words.get("password", ""),
        f"{ours}.warehouse": f"s3://{corner.bucket}/lake",
        f"{ours}.io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
        f"{ours}.s3.endpoint": corner.store.endpoint,
        f"{ours}.s3.path-style-access": "true",
        f"{ours}.s3.access-key-id": corner.store.access_key,
        f"{ours}.s3.secret-access-key": corner.store.secret_key.get_secret_value(),
        f"{ours}.client.region": corner.store.region,
    }


def _of_spark(statement: str) -> str:
    """Return a statement of docs/lake.md in Spark's words, as the document says."""
    return statement.replace("CREATE VIEW", "CREATE TEMPORARY VIEW").replace("unnest(", "explode(").rstrip().rstrip(";")


async def _compare(corner: Pipeline, found: dict[str, Any], proof: Proof) -> None:
    rows = await corner.rows("SELECT asset_id, category, tag, confidence, source FROM current_tags")
    stored = Counter(map(rounded, rows))
    seen = Counter(map(rounded, found["tags"]))
    proof.tags = (stored & seen).total()
    proof.tags_otherwise = (stored - seen).total() + (seen - stored).total()
    proof.executors = found["executors"]
    for spec, topic in ((TAGGED, corner.topics.tagged), (REVIEWED, corner.topics.reviewed)):
        in_topic = await written(corner, topic)
        in_table = Counter({(partition, offset): count for _, partition, offset, count in found["places"][spec.name]})
        proof.records += in_topic.total()
        proof.lost += (in_topic - in_table).total()
        proof.doubled += (in_table - in_topic).total()

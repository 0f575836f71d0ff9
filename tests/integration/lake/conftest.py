"""A lake of a test's own: a catalog and tables on the real PostgreSQL and the real object store."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from consumer.storage.lake.lake import Lake
from consumer.storage.lake.lines import Line, tagged_line
from consumer.storage.lake.offsets import RecordPlace
from consumer.storage.lake.place import LakePlace
from schemas.connections import DatabaseConnection, ObjectStoreConnection
from testkit.corner import make_corner
from testkit.running import Pipeline
from tests.unit.storage.samples import row

BUCKETS = 2


def place_in(environment: Mapping[str, str]) -> LakePlace:
    """Return a place that no other test has, whose bucket is made."""
    name = f"t{uuid.uuid4().hex[:12]}"
    store = ObjectStoreConnection(
        endpoint=environment["AEGIS_S3_ENDPOINT"],
        access_key=environment["AEGIS_S3_ACCESS_KEY"],
        secret_key=environment["AEGIS_S3_SECRET_KEY"],
        bucket=environment.get("AEGIS_S3_BUCKET", name),
    )
    schema = environment.get("AEGIS_LAKE_CATALOG_SCHEMA", name)
    database = DatabaseConnection(dsn=environment["AEGIS_PG_DSN"])
    return LakePlace(database, store, schema, f"s3://{store.bucket}/lake")


def make_bucket(place: LakePlace) -> None:
    client = Pipeline(
        {
            "AEGIS_S3_ENDPOINT": place.store.endpoint,
            "AEGIS_S3_ACCESS_KEY": place.store.access_key,
            "AEGIS_S3_SECRET_KEY": place.store.secret_key.get_secret_value(),
        },
        Path(),
    ).store_client()
    if not client.bucket_exists(place.store.bucket):
        client.make_bucket(place.store.bucket)


@pytest.fixture
def lake(stack_environment: Mapping[str, str]) -> Iterator[Lake]:
    place = place_in(stack_environment)
    make_bucket(place)
    made, _ = Lake.make(place, BUCKETS)
    yield made
    made.close()


@pytest.fixture
def lake_corner(stack_environment: Mapping[str, str], tmp_path: Path) -> Iterator[Pipeline]:
    """Topics, tables and a lake of a test's own, and no process yet."""
    name = f"l{uuid.uuid4().hex[:8]}"
    corner = make_corner(
        stack_environment,
        tmp_path,
        AEGIS_LAKE_CATALOG_SCHEMA=name,
        AEGIS_LAKE_COMMIT_SECONDS="0.2",
        AEGIS_LAKE_COMMIT_ROWS="400",
        AEGIS_STREAM_SESSION_TIMEOUT_SECONDS="6",
        # A stop must end within the time that a test gives it, on a machine that has other work too.
        AEGIS_STREAM_DRAIN_SECONDS="10",
    )
    place = place_in(corner.environment)
    make_bucket(place)
    made, _ = Lake.make(place, 1)
    made.close()
    yield corner
    corner.end()


def line(offset: int, *, partition: int = 0, topic: str = "topic", follows: int | None = None, **fields: Any) -> Line:
    place = RecordPlace(topic, partition, offset, offset if follows is None else follows)
    return tagged_line(place, row(f"asset-{partition}-{offset}", extracted=offset, **fields), 100)

"""A corner of the stack for a test or a module: topics, groups, tables and a bucket of its own, and no process yet."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from consumer.kafka.topics import apply_topics
from consumer.storage.postgres.migrate import migrate
from schemas.connections import DatabaseConnection, KafkaConnection
from testkit.running import Pipeline, run

# How the names of topics begin that outlive their module.
LASTING_TOPICS: Final[set[str]] = set()


def make_corner(stack_environment: Mapping[str, str], logs: Path, **environment: str) -> Pipeline:
    name = f"d{uuid.uuid4().hex[:8]}"
    corner = Pipeline(
        {
            **stack_environment,
            "AEGIS_TOPIC_PREFIX": f"{name}-",
            "AEGIS_TOPIC_PARTITIONS": "4",
            "AEGIS_S3_BUCKET": name,
            "AEGIS_PG_SCHEMA": name,
            "AEGIS_OPS_LOG_FORMAT": "json",
            **environment,
        },
        logs,
    )
    run(_prepare(corner))
    return corner


def make_lasting_corner(stack_environment: Mapping[str, str], logs: Path, **environment: str) -> Pipeline:
    """As :func:`make_corner`, for tests of several modules."""
    corner = make_corner(stack_environment, logs, **environment)
    LASTING_TOPICS.add(corner.environment["AEGIS_TOPIC_PREFIX"])
    return corner


async def _prepare(corner: Pipeline) -> None:
    """As `aegis topics apply` and `aegis db migrate` do, without two processes for it."""
    specs = corner.topics.specs(int(corner.environment["AEGIS_TOPIC_PARTITIONS"]))
    await apply_topics(KafkaConnection(bootstrap=corner.bootstrap), specs, replication_factor=1)
    environment = corner.environment
    await migrate(DatabaseConnection(dsn=environment["AEGIS_PG_DSN"], AEGIS_PG_SCHEMA=environment["AEGIS_PG_SCHEMA"]))

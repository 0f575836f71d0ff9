"""A corner of the stack for one test: topics, tables and a bucket of its own, and no process yet."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from pathlib import Path

from tests.integration.pipeline.running import Pipeline


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
    for command in (("topics", "apply"), ("db", "migrate")):
        done = corner.aegis(*command)
        assert done.returncode == 0, done.stderr
    return corner

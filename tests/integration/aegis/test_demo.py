"""`aegis demo`: everything at once, and again without a duplicate."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path

import asyncpg
import pytest

from aegis.shared.checkout import SAMPLES
from devstack import Stack

CLOSING = re.compile(r"demo: extracted=(\d+) tagged=(\d+) stored=(\d+) dead_lettered=(\d+)")


@pytest.fixture
def environment(stack_environment: Mapping[str, str], tmp_path: Path) -> Iterator[dict[str, str]]:
    """The run's services as external ones, with names of their own; the demo's gateway ends with the test."""
    name = f"d{uuid.uuid4().hex[:8]}"
    yield {
        **os.environ,
        **stack_environment,
        "AEGIS_STACK_DIR": str(tmp_path / "stack"),
        "AEGIS_TOPIC_PREFIX": f"{name}-",
        "AEGIS_TOPIC_PARTITIONS": "3",
        "AEGIS_S3_BUCKET": name,
        "AEGIS_PG_SCHEMA": name,
    }
    Stack(tmp_path / "stack").down()


def _demo(environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "aegis", "demo"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


async def _rows(environment: Mapping[str, str]) -> int:
    connection = await asyncpg.connect(environment["AEGIS_PG_DSN"])
    try:
        await connection.execute(f"SET search_path TO {environment['AEGIS_PG_SCHEMA']}, public")
        return int(await connection.fetchval("SELECT count(*) FROM assets"))
    finally:
        await connection.close()


async def test_the_demo_tags_and_stores_every_sample_and_a_second_run_adds_no_duplicate(
    environment: dict[str, str],
) -> None:
    """The closing line counts the same at each end, twice."""
    counts, rows = [], []
    for _ in range(2):
        done = await asyncio.to_thread(_demo, environment)
        assert done.returncode == 0, done.stdout + done.stderr
        found = CLOSING.search(done.stdout)
        assert found, done.stdout
        assert re.search(r"^Found wrong: (\S+ \d+(, )?)+", done.stdout, re.MULTILINE), done.stdout
        counts.append([int(number) for number in found.groups()])
        rows.append(await _rows(environment))

    extracted, tagged, stored, dead_lettered = counts[0]
    assert extracted == tagged == stored == rows[0]
    assert dead_lettered == 0
    assert counts[1] == counts[0]
    assert rows[1] == rows[0]


def test_the_samples_are_many_small_and_licensed() -> None:
    """At least 40 textures of several games, 4 MB at most, each folder named among the licences."""
    textures = list(SAMPLES.rglob("*.png"))
    folders = {path.parent.name for path in textures}
    licences = (SAMPLES / "LICENSES.md").read_text(encoding="utf-8")

    assert len(textures) >= 40
    assert len(folders) >= 4
    assert sum(path.stat().st_size for path in SAMPLES.rglob("*") if path.is_file()) <= 4_000_000
    assert [folder for folder in folders if folder not in licences] == []
    assert {".zip", ".unitypackage", ".unity3d"} <= {path.suffix for path in (SAMPLES / "archives").iterdir()}

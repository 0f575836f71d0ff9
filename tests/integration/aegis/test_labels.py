"""`aegis labels export` on real tables and a real object store: what it writes is what `aegis model eval` reads."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from consumer.storage.objects import ObjectStore
from consumer.storage.postgres.migrate import migrate
from consumer.storage.tables.tags import TagStore
from schemas import Word
from schemas.connections import DatabaseConnection, ObjectStoreConnection
from schemas.objects import object_key
from testkit.saying import word_row
from tests.unit.storage.samples import row

Run = Callable[..., subprocess.CompletedProcess[str]]
SAMPLES = sorted((Path(__file__).parents[3] / "samples").glob("*/*.png"))[:3]
BANANA, COPY, ROCK, GONE = "kart/banana.png", "kart/copy.png", "kart/rock.png", "kart/gone.png"


@pytest.fixture
def aegis(
    stack_environment: Mapping[str, str],
    s3_environment: Mapping[str, str],
    database: DatabaseConnection,
    object_store_connection: ObjectStoreConnection,
) -> Run:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "aegis", *arguments],
            env={
                **os.environ,
                **stack_environment,
                **s3_environment,
                "AEGIS_PG_SCHEMA": database.db_schema,
                "AEGIS_S3_BUCKET": object_store_connection.bucket,
            },
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    return run


@pytest.fixture
async def pictures(database: DatabaseConnection, object_store_connection: ObjectStoreConnection) -> dict[str, bytes]:
    """Four reviewed assets: two of equal content, and one whose object the store has lost."""
    await migrate(database)
    first, second, third = (path.read_bytes() for path in SAMPLES)
    contents = {BANANA: first, COPY: first, ROCK: second, GONE: third}
    async with ObjectStore(object_store_connection) as store:
        await store.ensure_bucket()
        for asset_id, data in contents.items():
            if asset_id != GONE:
                await store.put_if_absent(_key(data), data, "image/png")
    async with await TagStore.open(database) as tables:
        await tables.write_batch(
            [
                row(
                    asset_id,
                    bucket=object_store_connection.bucket,
                    object_key=_key(data),
                    sha256=hashlib.sha256(data).hexdigest(),
                    source=json.dumps({"game": "SuperTuxKart", "container_path": f"art/{asset_id}"}),
                )
                for asset_id, data in contents.items()
            ]
            + [
                word_row(BANANA, "object_types", "prop", Word.CONFIRMED),
                word_row(COPY, "object_types", "weapon", Word.REJECTED),
                word_row(ROCK, "object_types", "architecture", Word.ADDED),
                word_row(ROCK, "object_types", "potion", Word.ADDED),
                word_row(GONE, "object_types", "prop", Word.ADDED),
            ]
        )
    return contents


def _key(data: bytes) -> str:
    return object_key(hashlib.sha256(data).hexdigest(), "png")


async def test_labels_of_verdicts_are_what_a_bundle_is_measured_on(
    aegis: Run, pictures: dict[str, bytes], tmp_path: Path
) -> None:
    table, images, figures = tmp_path / "labels.csv", tmp_path / "images", tmp_path / "figures.json"

    done = aegis("labels", "export", "--output", str(table), "--images", str(images))

    assert done.returncode == 0, done.stderr
    assert "2 images labelled" in done.stderr
    assert "the taxonomy does not have object_types/potion" in done.stderr
    assert "1 images are left out, because the object store does not give them" in done.stderr
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["game"], row["source_path"], row["object_types"]) for row in rows] == [
        ("SuperTuxKart", f"art/{BANANA}", "prop"),
        ("SuperTuxKart", f"art/{ROCK}", "architecture"),
    ]
    assert [(images / row["file"]).read_bytes() for row in rows] == [pictures[BANANA], pictures[ROCK]]

    measured = aegis("model", "eval", "--labels", str(table), "--images", str(images), "--json", str(figures))

    assert measured.returncode == 0, measured.stderr
    assert json.loads(figures.read_text(encoding="utf-8"))["object_types"]["images"] == 2


@pytest.mark.usefixtures("pictures")
async def test_filters_narrow_the_labels_and_no_verdict_is_told(aegis: Run) -> None:
    added = aegis("labels", "export", "--said", "added", "--folder", "kart")
    none = aegis("labels", "export", "--game", "another")

    assert {line.split(",")[2] for line in added.stdout.splitlines()[1:]} == {f"art/{ROCK}", f"art/{GONE}"}
    assert (none.returncode, "there is no verdict on the assets that are asked for" in none.stderr) == (1, True)

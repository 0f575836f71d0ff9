"""`aegis export` on real tables: each form is read back as its programs read it."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from pyarrow import parquet

from consumer.storage.postgres.migrate import migrate
from consumer.storage.tables.rows import TagRow
from consumer.storage.tables.tags import TagStore
from producer_tools.extraction.names import OutputNames
from schemas import Word
from schemas.connections import DatabaseConnection
from testkit.saying import word_row
from tests.unit.storage.samples import row

Run = Callable[..., subprocess.CompletedProcess[str]]
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
SUBJECT = "{http://purl.org/dc/elements/1.1/}subject"
TAGS_LIST = "{http://www.digikam.org/ns/1.0/}TagsList"
HIERARCHY = "{http://ns.adobe.com/lightroom/1.0/}hierarchicalSubject"
SWORD, SHIELD, BARE = "game/Assets/Items/sword.png", "game/shield & <co>.png", "game/assets/bare.png"
MANY = 1203


def tags(**confidences: float) -> tuple[TagRow, ...]:
    return tuple(TagRow("object_types", tag, value, "aegis-mini") for tag, value in confidences.items())


@pytest.fixture
def export(stack_environment: Mapping[str, str], database: DatabaseConnection) -> Run:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "aegis", "export", *arguments],
            env={**os.environ, **stack_environment, "AEGIS_PG_SCHEMA": database.db_schema},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


@pytest.fixture
async def library(database: DatabaseConnection) -> None:
    """A sword that a person corrected, a shield with a name that needs escaping, and an asset without tags."""
    await migrate(database)
    source = json.dumps({"container_path": "assets/items/shield.png", "game": "Castle"})
    async with await TagStore.open(database) as store:
        await store.write_batch(
            [
                row(SWORD, tags=tags(weapon=0.9, vehicle=0.6, prop=0.2)),
                row(SHIELD, tags=tags(prop=0.7), source=source),
                row(BARE, tags=()),
                word_row(SWORD, "object_types", "vehicle", Word.REJECTED),
                word_row(SWORD, "materials", "gold", Word.ADDED),
            ]
        )


@pytest.mark.usefixtures("library")
async def test_csv_has_a_line_for_each_tag_that_holds(export: Run) -> None:
    done = export("--format", "csv")

    assert (done.returncode, done.stderr) == (0, "3 assets written\n")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert {(one["asset_id"], one["tag"], one["source"], one["verdict"]) for one in rows} == {
        (SWORD, "weapon", "model", ""),
        (SWORD, "prop", "model", ""),
        (SWORD, "gold", "human", "added"),
        (SHIELD, "prop", "model", ""),
    }
    assert all(one["object"].startswith("s3://bucket/") and one["width"] == "4" for one in rows)


@pytest.mark.usefixtures("library")
async def test_jsonl_has_an_object_for_each_asset_and_filters_narrow_it(export: Run, tmp_path: Path) -> None:
    file = tmp_path / "new" / "tags.jsonl"

    everything = export("--format", "jsonl", "--output", str(file))
    castle = export("--format", "jsonl", "--game", "Castle")
    spoken = export("--format", "jsonl", "--said", "added", "--min-confidence", "0.5")

    assert everything.returncode == 0, everything.stderr
    found = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert [one["asset_id"] for one in found] == sorted([SWORD, SHIELD, BARE])
    assert [one["tags"] for one in found if one["asset_id"] == BARE] == [[]]
    (shield,) = map(json.loads, castle.stdout.splitlines())
    assert (shield["asset_id"], shield["source"]["game"]) == (SHIELD, "Castle")
    assert export("--format", "jsonl", "--finding", "halo").stdout == ""
    (sword,) = map(json.loads, spoken.stdout.splitlines())
    assert {tag["tag"] for tag in sword["tags"]} == {"weapon", "gold"}


@pytest.mark.usefixtures("library")
async def test_parquet_has_a_row_for_each_asset_with_its_tags_in_it(export: Run, tmp_path: Path) -> None:
    file = tmp_path / "new" / "tags.parquet"

    done = export("--format", "parquet", "--output", str(file), "--min-confidence", "0.5")
    lines = export("--format", "jsonl", "--min-confidence", "0.5")

    assert done.returncode == 0, done.stderr
    assert [path.name for path in file.parent.iterdir()] == ["tags.parquet"]
    rows = parquet.read_table(file).to_pylist()
    expected = [json.loads(line) for line in lines.stdout.splitlines()]
    assert len(rows) == 3
    for found, asset in zip(rows, expected, strict=True):
        found["source"] = json.loads(found["source"] or "{}")
        for tag in asset["tags"]:
            tag["confidence"] = pytest.approx(tag["confidence"], abs=1e-6)
        assert found == asset


@pytest.mark.usefixtures("library")
async def test_sidecars_lie_beside_the_pictures_of_an_extraction(export: Run, tmp_path: Path) -> None:
    done = export("--format", "xmp", "--output", str(tmp_path))

    assert done.returncode == 0, done.stderr
    names = OutputNames()
    pictures = {asset_id: tmp_path / names.assign(asset_id) for asset_id in sorted([SWORD, SHIELD, BARE])}
    assert files_in(tmp_path) == {pictures[one].with_name(pictures[one].name + ".xmp") for one in (SWORD, SHIELD)}
    sword = described(pictures[SWORD])
    assert set(items(sword, SUBJECT)) == {"weapon", "prop", "gold"}
    assert set(items(sword, TAGS_LIST)) == {"object_types/weapon", "object_types/prop", "materials/gold"}
    assert "materials|gold" in items(sword, HIERARCHY)
    assert described(pictures[SHIELD]).get("{http://purl.org/dc/elements/1.1/}source") == SHIELD


def files_in(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def described(picture: Path) -> ET.Element:
    text = picture.with_name(picture.name + ".xmp").read_text(encoding="utf-8")
    assert text.startswith('<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>')
    found = ET.fromstring(text).find(f"{RDF}RDF/{RDF}Description")  # noqa: S314 - it is our own
    assert found is not None
    return found


def items(description: ET.Element, name: str) -> list[str]:
    found = description.find(name)
    assert found is not None
    return [item.text or "" for item in found.iter(f"{RDF}li")]


@pytest.mark.usefixtures("library")
async def test_unity_gets_a_table_of_project_paths_and_a_script_that_applies_it(export: Run, tmp_path: Path) -> None:
    done = export("--format", "unity-labels", "--output", str(tmp_path / "Editor"), "--min-confidence", "0.5")

    assert done.returncode == 0, done.stderr
    table = (tmp_path / "Editor" / "AegisLabels.tsv").read_text(encoding="utf-8")
    assert {tuple(line.split("\t")) for line in table.splitlines()} == {
        ("Assets/Items/sword.png", "weapon", "gold"),
        ("Assets/items/shield.png", "prop"),
    }
    script = (tmp_path / "Editor" / "AegisLabels.cs").read_text(encoding="utf-8")
    assert re.search(r"AssetDatabase\.SetLabels\(asset, .*\.Union\(cells\.Skip\(1\)\)", script)
    assert r"line.Split('\t')" in script
    assert script.count("{") == script.count("}")


async def test_a_large_library_is_whole_whatever_its_names(export: Run, database: DatabaseConnection) -> None:
    """More than one question to the tables, and ids whose order depends on who sorts."""
    await migrate(database)
    ids = {f"{prefix}{number}" for number in range(MANY // 3) for prefix in ("a-", "A_", "é/")}
    async with await TagStore.open(database) as store:
        await store.write_batch([row(asset_id, tags=tags(weapon=0.9)) for asset_id in ids])

    done = export("--format", "jsonl", "--tag", "weapon")

    told = [json.loads(line)["asset_id"] for line in done.stdout.splitlines()]
    assert len(told) == len(ids)
    assert set(told) == ids


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--format", "xmp"), "--format xmp writes files: say into which folder with --output"),
        (("--format", "parquet"), "--format parquet is no text: say into which file with --output"),
        (("--format", "csv", "--output", "/dev/null/tags.csv"), "--output /dev/null/tags.csv cannot be written"),
    ],
)
async def test_what_cannot_be_written_is_told(export: Run, arguments: tuple[str, ...], why: str) -> None:
    done = export(*arguments)

    assert (done.returncode, why in done.stderr) == (2, True), done.stderr

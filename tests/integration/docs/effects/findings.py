"""docs/findings.md: looking textures over without any service."""

from __future__ import annotations

import json
import re
import shlex

from consumer.storage.tables.duplicates.relations import Told, keep_relations
from consumer.storage.tables.reads import TagReader
from schemas.connections import DatabaseConnection
from testkit.kafka_tools import eventually, read_all
from testkit.running import run as wait
from tests.integration.docs.effects.effect import Document
from tests.integration.docs.effects.readme import runs_in_the_background
from tests.integration.docs.reader import Reader, Run

DOCUMENT = Document("docs/findings.md")


@DOCUMENT.effect("aegis lint samples")
def findings_are_listed(reader: Reader, run: Run) -> None:
    assert "AEG211 halo" in run.printed


@DOCUMENT.effect("aegis lint samples --fail-on warning --sarif lint.sarif --junit lint.xml")
def both_reports_are_there(reader: Reader, run: Run) -> None:
    assert json.loads((reader.checkout / "lint.sarif").read_text(encoding="utf-8"))["version"] == "2.1.0"
    assert "<testsuite " in (reader.checkout / "lint.xml").read_text(encoding="utf-8")


@DOCUMENT.effect("aegis lint --init")
def the_project_file_is_there(reader: Reader, run: Run) -> None:
    assert "severities:" in (reader.checkout / "aegis-lint.yaml").read_text(encoding="utf-8")


@DOCUMENT.effect("aegis lint samples --write-baseline lint-baseline.json")
def the_baseline_knows_the_findings(reader: Reader, run: Run) -> None:
    assert json.loads((reader.checkout / "lint-baseline.json").read_text(encoding="utf-8"))["textures"]


@DOCUMENT.effect("aegis lint samples --baseline lint-baseline.json --fail-on note")
def nothing_is_new(reader: Reader, run: Run) -> None:
    assert "0 errors, 0 warnings, 0 notes" in run.complaints


@DOCUMENT.effect("aegis search --finding halo --limit 5")
def textures_with_the_finding_are_listed(reader: Reader, run: Run) -> None:
    assert run.printed.strip()


@DOCUMENT.effect("aegis duplicates --limit 20")
def pairs_are_counted(reader: Reader, run: Run) -> None:
    assert re.search(r"^\d+ pairs.*: [\d.]+ MiB of files$", run.complaints, re.MULTILINE), run.complaints


@DOCUMENT.effect("aegis duplicates --html duplicates.html")
def the_page_of_pairs_is_there(reader: Reader, run: Run) -> None:
    assert "<h1>Duplicate textures</h1>" in (reader.checkout / "duplicates.html").read_text(encoding="utf-8")


@DOCUMENT.effect("aegis run comparer &")
def every_stored_texture_is_compared(reader: Reader, run: Run) -> None:
    runs_in_the_background(reader, run, "comparer")
    assets = {row["asset_id"] for row in wait(reader.system.rows("SELECT asset_id FROM assets"))}

    async def are_compared() -> bool:
        told = await read_all(reader.system.bootstrap, reader.system.topics.related)
        return assets <= {(item.key or b"").decode() for item in told}

    wait(eventually(are_compared, "an asset-related event of each stored asset", 180))


def two_textures_are_told_to_be_one(reader: Reader) -> None:
    """No sample is another one recompressed."""
    one, other = (row["sha256"] for row in wait(reader.system.rows("SELECT DISTINCT sha256 FROM assets LIMIT 2")))
    environment = reader.system.environment
    database = DatabaseConnection(dsn=environment["AEGIS_PG_DSN"], AEGIS_PG_SCHEMA=environment["AEGIS_PG_SCHEMA"])

    async def tell() -> None:
        async with await TagReader.open(database, writes=True) as tables:
            await keep_relations(tables, one, [Told(other, "recompressed", of_this=True)])

    wait(tell())


@DOCUMENT.effect("aegis search --relation recompressed --limit 5", two_textures_are_told_to_be_one)
def what_is_recompressed_is_listed(reader: Reader, run: Run) -> None:
    assert run.printed.strip()


def query(statement: str) -> str:
    return f".venv/bin/aegis stack psql -c {shlex.quote(statement)}"


@DOCUMENT.effect(
    query("SELECT name, severity, count(*) FROM aegis.asset_findings GROUP BY name, severity ORDER BY count DESC;")
)
def findings_are_counted(reader: Reader, run: Run) -> None:
    assert re.search(r"^ halo +\| note +\| +[1-9]", run.printed, re.MULTILINE), run.printed


@DOCUMENT.effect(
    query("SELECT asset_id, value FROM aegis.asset_findings WHERE name = 'over-budget' ORDER BY value DESC LIMIT 20;")
)
@DOCUMENT.effect(
    query(
        "SELECT other_asset_id, relation, said_of FROM aegis.asset_relations "
        "WHERE asset_id = 'mygame/textures/sword.png';"
    )
)
@DOCUMENT.effect(
    query("SELECT relation, count(*) / 2 AS pairs FROM aegis.asset_relations GROUP BY relation ORDER BY pairs DESC;")
)
@DOCUMENT.effect(
    query("SELECT asset_id, faults FROM aegis.assets WHERE finding_names @> '{normal-directx}' AND faults > 0;")
)
def rows_are_printed(reader: Reader, run: Run) -> None:
    assert re.search(r"^\(\d+ rows?\)$", run.printed, re.MULTILINE)

"""docs/findings.md: looking textures over without any service."""

from __future__ import annotations

import json
import re
import shlex

from tests.integration.docs.effects.effect import Document
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
    query("SELECT asset_id, faults FROM aegis.assets WHERE finding_names @> '{normal-directx}' AND faults > 0;")
)
def rows_are_printed(reader: Reader, run: Run) -> None:
    assert re.search(r"^\(\d+ rows?\)$", run.printed, re.MULTILINE)

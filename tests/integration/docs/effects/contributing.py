"""CONTRIBUTING.md: the commands of every day."""

from __future__ import annotations

import re

from tests.documents.facts import ROOT
from tests.integration.docs.effects import parsing
from tests.integration.docs.effects.effect import Document
from tests.integration.docs.reader import Reader, Run

DOCUMENT = Document("CONTRIBUTING.md")

DOCUMENT.not_run("it runs these very tests", parsing.make_targets, "make test")
DOCUMENT.not_run(
    "it runs these very tests, or as many minutes of others",
    parsing.tests_are_there,
    ".venv/bin/pytest tests/unit",
    ".venv/bin/pytest tests/integration -k sink",
)
DOCUMENT.not_run(
    "minutes of CPU time, which whoever runs the tests spends on it anyhow", parsing.make_targets, "make check"
)
DOCUMENT.not_run("needs Docker", parsing.make_targets, "make image-test compose-test")
DOCUMENT.not_run("minutes of CPU time, and Docker", parsing.make_targets, "make chaos cluster-test")
DOCUMENT.not_run("installs 0.5 GB, and runs for minutes", parsing.make_targets, "make spark-test")

DOCUMENT.not_run("half an hour of CPU time", parsing.make_targets, "make simulate SEEDS=20000")


@DOCUMENT.effect(".venv/bin/python -m tests.simulation --seed 7")
def what_happened_in_the_seed_is_told(reader: Reader, run: Run) -> None:
    assert run.printed.startswith("seed 7, ")
    assert len(re.findall(r"^ +[0-9.]+ s  .*commits", run.printed, re.MULTILINE)) > 1


def spoil_a_page(reader: Reader) -> None:
    (reader.checkout / "docs" / "metrics.md").write_text("stale\n", encoding="utf-8")


@DOCUMENT.effect("make docs", spoil_a_page)
def the_stale_page_is_written_again(reader: Reader, run: Run) -> None:
    assert "wrote docs/metrics.md" in run.printed
    for name in ("docs/metrics.md", "docs/settings.md", "schemas/asyncapi.yaml"):
        assert (reader.checkout / name).read_bytes() == (ROOT / name).read_bytes()

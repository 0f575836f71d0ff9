"""The reference pages are written from the code: each variable and each metric is there, and nothing is stale."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from aegis.docs import all_files, command
from aegis.settings_page import SECTIONS
from consumer.telemetry.registry import ALL_METRICS

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("name", ["docs/settings.md", "docs/metrics.md"])
def test_the_pages_are_current(name: str) -> None:
    assert (ROOT / name).read_text(encoding="utf-8") == all_files()[name], "run: make docs"


def test_every_setting_of_every_process_is_in_the_table() -> None:
    page = all_files()["docs/settings.md"]
    prefixes = {str(section.settings.model_config["env_prefix"]) for section in SECTIONS}

    assert len(prefixes) == len(SECTIONS)
    assert [prefix for prefix in prefixes if f"`{prefix}" not in page] == []


def test_every_metric_is_in_the_table() -> None:
    page = all_files()["docs/metrics.md"]

    assert [spec.name for spec in ALL_METRICS if spec.name not in page] == []


def test_a_stale_page_is_named_and_written_again(tmp_path: Path) -> None:
    """`--check` says which and writes nothing; without it the page is made."""
    (tmp_path / "schemas").mkdir()
    runner = CliRunner()

    checked = runner.invoke(command, ["--check", "--root", str(tmp_path)])
    assert checked.exit_code == 1
    assert "docs/settings.md" in checked.output
    assert not (tmp_path / "docs").exists()

    assert runner.invoke(command, ["--root", str(tmp_path)]).exit_code == 0
    assert runner.invoke(command, ["--check", "--root", str(tmp_path)]).exit_code == 0

"""The reference pages are written from the code: each variable and each metric is there, and nothing is stale."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from aegis.reference.settings_page import SECTIONS
from aegis.verbs.maintenance.docs import all_files, command
from consumer.telemetry.registry import ALL_METRICS

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("name", sorted(all_files(ROOT)))
def test_the_pages_are_current(name: str) -> None:
    assert (ROOT / name).read_text(encoding="utf-8") == all_files(ROOT)[name], "run: make docs"


def test_every_setting_of_every_process_is_in_the_table() -> None:
    page = all_files(ROOT)["docs/settings.md"]
    prefixes = {str(section.settings.model_config["env_prefix"]) for section in SECTIONS}

    assert len(prefixes) == len(SECTIONS)
    assert [prefix for prefix in prefixes if f"`{prefix}" not in page] == []


def test_every_metric_is_in_the_table() -> None:
    page = all_files(ROOT)["docs/metrics.md"]

    assert [spec.name for spec in ALL_METRICS if spec.name not in page] == []


def test_a_stale_page_is_named_and_written_again(tmp_path: Path) -> None:
    """`--check` says which and writes nothing; without it the page is made."""
    (tmp_path / "schemas").mkdir()
    shutil.copytree(ROOT / "deploy" / "prometheus", tmp_path / "deploy" / "prometheus")
    runner = CliRunner()

    checked = runner.invoke(command, ["--check", "--root", str(tmp_path)])
    assert checked.exit_code == 1
    assert "docs/settings.md" in checked.output
    assert not (tmp_path / "docs").exists()

    assert runner.invoke(command, ["--root", str(tmp_path)]).exit_code == 0
    assert runner.invoke(command, ["--check", "--root", str(tmp_path)]).exit_code == 0


def test_the_commands_that_install_a_completion_run(tmp_path: Path) -> None:
    """Those of docs/commands.md, in a home of their own."""
    blocks = re.findall(r"```sh\n(.*?)```", all_files(ROOT)["docs/commands.md"], re.DOTALL)
    programs = str(Path(sys.executable).parent)
    subprocess.run(
        ["/bin/bash", "-ec", "".join(blocks)],
        env={**os.environ, "HOME": str(tmp_path), "PATH": f"{programs}:{os.environ['PATH']}"},
        timeout=60,
        check=True,
    )

    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) == 3
    assert all("_AEGIS_COMPLETE" in path.read_text(encoding="utf-8") for path in written)

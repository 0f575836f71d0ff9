"""Each finding is a script that a stranger can run, and the README names all of them."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "findings"
SCRIPTS = sorted(FOLDER.glob("*.sh"))


def test_the_readme_lists_every_script_once_and_nothing_else() -> None:
    linked = re.findall(r"^\| \[([^\]]+)\]\(([^)]+)\) \| .+ \|$", (FOLDER / "README.md").read_text(), re.MULTILINE)

    assert [(script.name, script.name) for script in SCRIPTS] == linked
    assert {"README.md", *(script.name for script in SCRIPTS)} == {path.name for path in FOLDER.iterdir()}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_script_runs_as_it_is_and_stops_at_the_first_failure(script: Path) -> None:
    lines = script.read_text().splitlines()

    assert os.access(script, os.X_OK)
    assert lines[0] == "#!/usr/bin/env bash"
    assert "set -euo pipefail" in lines
    assert "trap 'rm -rf \"$folder\"' EXIT" in lines


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_script_begins_with_the_guess_that_it_disproves(script: Path) -> None:
    lines = script.read_text().splitlines()

    assert lines[1].startswith("# Guess: ")
    assert [line for line in lines if line.startswith("# Finding: ")]
    assert [line for line in lines if line.startswith("assert ")]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_every_package_that_a_script_installs_has_a_version(script: Path) -> None:
    text = script.read_text().replace("\\\n", " ")
    installs = re.findall(r"(?:pip|go) install (.+)", text)
    packages = [word for line in installs for word in line.split() if not word.startswith("-")]

    assert packages
    assert [name for name in packages if not re.fullmatch(r"[a-z0-9-]+==[0-9.]+|[a-z./]+@v[0-9a-z.-]+", name)] == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_script_runs_without_the_product(script: Path) -> None:
    assert (
        re.findall(
            r"^ *(?:from|import) (aegis|consumer|export|producer_tools|schemas)\b", script.read_text(), re.MULTILINE
        )
        == []
    )

"""`aegis lint` as a person calls it, with no services."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from aegis.__main__ import VERBS
from tests.unit.findings.making import Pixels, directions, painted, relief, with_alpha
from tests.unit.producer.commands import Aegis
from tests.unit.producer.making import SAMPLES

ROOT = Path(__file__).parents[3]


@pytest.fixture
def aegis(tmp_path: Path) -> Aegis:
    return Aegis(tmp_path, {})


@pytest.fixture
def art(tmp_path: Path) -> Path:
    """A folder of three textures, one of them in an archive, and of a file that is none."""
    folder = tmp_path / "art"
    folder.mkdir()
    save(folder / "rock.png", with_alpha(painted(), 255))
    save(folder / "rock_normal.png", directions(relief(), opengl=False))
    save(tmp_path / "leaf.png", with_alpha(painted(), 128))
    with zipfile.ZipFile(folder / "more.zip", "w") as archive:
        archive.write(tmp_path / "leaf.png", "trees/leaf.png")
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    return folder


def save(path: Path, pixels: Pixels) -> None:
    Image.fromarray(np.ascontiguousarray(pixels)).save(path)


def test_findings_are_printed_a_line_each_and_counted(aegis: Aegis, art: Path) -> None:
    done = aegis.run("lint", art)

    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert [(row[0], row[1].split()[1], row[2]) for row in rows] == [
        ("art/rock.png", "alpha-unused", "warning"),
        ("art/more.zip/trees/leaf.png", "alpha-constant", "note"),
    ]
    assert "3 textures: 0 errors, 1 warning, 1 note" in done.stderr
    assert "1 normal map: 1 DirectX, 0 OpenGL, 0 undecided" in done.stderr
    assert "skipped art/broken.png" in done.stderr
    assert done.returncode == 0


@pytest.mark.parametrize(("least", "code"), [("error", 0), ("warning", 1), ("info", 1), ("never", 0)])
def test_the_exit_code_follows_fail_on(aegis: Aegis, art: Path, least: str, code: int) -> None:
    assert aegis.run("lint", art, "--fail-on", least).returncode == code


def test_the_report_does_not_depend_on_the_number_of_processes(aegis: Aegis) -> None:
    one = aegis.run("lint", SAMPLES, "--json", "--processes", "1")
    three = aegis.run("lint", SAMPLES, "--json", "--processes", "3")

    assert one.returncode == 0, one.stderr
    assert json.loads(one.stdout) == json.loads(three.stdout)


def test_only_what_is_new_counts_beside_a_baseline(aegis: Aegis, art: Path) -> None:
    aegis.run("lint", art, "--write-baseline", "known.json")
    save(art / "new.png", np.full((64, 64, 3), 9, np.uint8))

    done = aegis.run("lint", art, "--baseline", "known.json", "--json", "--fail-on", "note")

    new = [(row["file"], row["name"]) for row in json.loads(done.stdout)["findings"]]
    assert new == [("art/new.png", "one-colour")]
    assert done.returncode == 1


def test_the_project_file_of_the_folder_is_heeded_and_never_overwritten(aegis: Aegis, art: Path) -> None:
    (aegis.folder / "aegis-lint.yaml").write_text("severities: {alpha-unused: off, alpha-constant: error}")

    done = aegis.run("lint", art)
    again = aegis.run("lint", "--init")

    assert [line.split("\t")[2] for line in done.stdout.splitlines()] == ["error"]
    assert done.returncode == 1
    assert again.returncode == 2
    assert "is there already" in again.stderr


def test_init_writes_a_project_file_that_is_read(aegis: Aegis, art: Path) -> None:
    assert aegis.run("lint", "--init").returncode == 0
    assert "halo: note" in (aegis.folder / "aegis-lint.yaml").read_text()
    assert aegis.run("lint", art).returncode == 0


def test_reports_are_written_beside_each_other(aegis: Aegis, art: Path) -> None:
    aegis.run("lint", art, "--sarif", "lint.sarif", "--junit", "lint.xml")

    results = json.loads((aegis.folder / "lint.sarif").read_text())["runs"][0]["results"]
    assert {item["ruleId"] for item in results} >= {"AEG201", "AEG202", "AEG302"}
    assert (aegis.folder / "lint.xml").read_text().startswith("<?xml")


def test_a_named_file_that_is_broken_ends_with_2(aegis: Aegis, art: Path) -> None:
    done = aegis.run("lint", art / "broken.png")

    assert done.returncode == 2
    assert "broken.png cannot be read" in done.stderr


@pytest.mark.parametrize("arguments", [["nowhere"], [], ["art", "--baseline", "nowhere.json"]])
def test_what_cannot_be_done_is_told_in_a_sentence(aegis: Aegis, art: Path, arguments: list[str]) -> None:
    done = aegis.run("lint", *arguments)

    assert done.returncode == 2
    assert done.stderr.startswith("Error: ")


def test_the_hook_for_pre_commit_runs_a_verb_that_is_there() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))

    assert [hook["entry"].split()[:2] for hook in hooks] == [["aegis", "lint"]]
    assert "lint" in VERBS

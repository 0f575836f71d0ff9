"""The layout of the project is what CONTRIBUTING.md and .importlinter say, and folders and files stay small."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from configparser import ConfigParser
from functools import cache
from pathlib import Path
from statistics import median

import grimp
import pytest
import yaml

ROOT = Path(__file__).parents[2]
PACKAGES = ("aegis", "benchmarks", "consumer", "devstack", "export", "producer_tools", "schemas", "testkit", "tests")
PRODUCT = ("aegis", "consumer", "devstack", "export", "producer_tools", "schemas")
MAX_MODULES_OF_A_FOLDER = 14
MAX_LINES = 250
MAX_MEDIAN_LINES = 110

CONTRACTS = ConfigParser()
CONTRACTS.read(ROOT / ".importlinter")


def names(section: str, option: str, prefix: str = "") -> list[list[str]]:
    """Return a list of the contracts file, each line as the names that share it."""
    lines = CONTRACTS[f"importlinter:contract:{section}"][option].split("\n")
    return [[prefix + name.strip() for name in line.split("|")] for line in lines if line.strip()]


def layers() -> list[list[str]]:
    """Return the rooms from the top down; those of one layer must not know each other."""
    inside = names("consumer", "layers", "consumer.")
    return [layer for outer in names("house", "layers") for layer in (inside if outer == ["consumer"] else [outer])]


def below(room: str) -> set[str]:
    """Return the rooms that a room may import by its layer, less what the other contracts forbid."""
    at = next(index for index, layer in enumerate(layers()) if room in layer)
    lower = {name for layer in layers()[at + 1 :] for name in layer}
    forbidden = {
        name
        for section in CONTRACTS.sections()
        if CONTRACTS[section].get("type") == "forbidden" and room in CONTRACTS[section]["source_modules"].split()
        for name in CONTRACTS[section]["forbidden_modules"].split()
    }
    return lower - forbidden


@cache
def table() -> dict[str, set[str]]:
    """Return what CONTRIBUTING.md says that each room may import."""
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("## Everyday commands")[0]
    rows = re.findall(r"^\| (`[^|]+`) \|[^|]+\| ([^|]+) \|$", page, re.MULTILINE)
    return {room: allowed(room, words) for room, words in ((rooms(cell)[0], words) for cell, words in rows)}


def allowed(room: str, words: str) -> set[str]:
    if words.startswith("everything"):
        return below(room) - set(rooms(words))
    return set(rooms(words))


def rooms(cell: str) -> list[str]:
    return [path.strip("/").removesuffix(".py").replace("/", ".") for path in re.findall(r"`([^`]+)`", cell)]


@cache
def imported_rooms() -> dict[str, set[str]]:
    """Return what each room imports, read from the code."""
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    imports: dict[str, set[str]] = {room: set() for layer in layers() for room in layer}
    for module in graph.modules:
        for imported in graph.find_modules_directly_imported_by(module):
            importer, target = room_of(module), room_of(imported)
            if importer in imports and target in imports and importer != target:
                imports[importer].add(target)
    return imports


def room_of(module: str) -> str:
    parts = module.split(".")
    return ".".join(parts[: 2 if parts[0] == "consumer" else 1])


def modules(*packages: str) -> list[Path]:
    return [path for package in packages for path in sorted((ROOT / package).rglob("*.py"))]


def lines_of(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_every_room_stands_in_the_table_in_the_order_of_the_layers() -> None:
    assert list(table()) == sorted(table(), key=[room for layer in layers() for room in layer].index)
    assert set(table()) == {room for layer in layers() for room in layer}


@pytest.mark.parametrize("room", [room for layer in layers() for room in layer])
def test_the_table_allows_what_the_layers_allow_and_the_code_needs_no_more(room: str) -> None:
    assert table()[room] <= below(room)
    assert imported_rooms()[room] <= table()[room]


def test_a_wrong_import_breaks_the_contract(tmp_path: Path) -> None:
    """The stream engine must not know of images."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", "*.onnx"))
    shutil.copy(ROOT / ".importlinter", tmp_path)
    with (tmp_path / "consumer/stream/watchdog.py").open("a", encoding="utf-8") as watchdog:
        watchdog.write("\nfrom consumer.tagging.images import decode\n")

    lint = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert lint.returncode == 1, lint.stderr
    assert "consumer.stream.watchdog -> consumer.tagging.images" in lint.stdout


def test_no_folder_is_crowded() -> None:
    paths = [path for path in modules(*PRODUCT, "benchmarks", "testkit") if path.name != "__init__.py"]
    counts = Counter(str(path.parent.relative_to(ROOT)) for path in paths)

    assert {folder: count for folder, count in counts.items() if count > MAX_MODULES_OF_A_FOLDER} == {}


def test_files_are_short() -> None:
    sizes = {str(path.relative_to(ROOT)): lines_of(path) for path in modules(*PRODUCT)}

    assert {name: size for name, size in sizes.items() if size > MAX_LINES} == {}
    assert median(sizes.values()) <= MAX_MEDIAN_LINES


@pytest.mark.parametrize("folder", sorted({path.parent for path in modules("consumer", "producer_tools", "export")}))
def test_every_folder_says_what_lives_there(folder: Path) -> None:
    first = (folder / "__init__.py").read_text(encoding="utf-8")

    assert first.startswith('"""'), "its __init__.py begins with two lines: what lives here, and what it may touch"


def test_the_hooks_before_a_commit_are_of_the_versions_that_make_check_runs() -> None:
    constraints = dict(re.findall(r"^([a-z-]+)==([0-9.]+)", (ROOT / "constraints.txt").read_text(), re.MULTILINE))
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]

    assert {Path(hook["repo"]).name.removesuffix("-pre-commit"): hook["rev"] for hook in hooks} == {
        name: f"v{constraints[name]}" for name in ("ruff", "codespell")
    }


def test_the_project_is_never_uploaded() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert "Private :: Do Not Upload" in project["classifiers"]

"""Files that are parsed side by side: order, failures, and an end in the middle."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from PIL import Image

from producer_tools.extraction.extract import Extracted, ExtractedTexture, Skipped, extract
from producer_tools.settings import ExtractSettings
from tests.unit.producer.making import encoded

FILES = 12


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder of archives, the first of which take longest, with a damaged one among them."""
    made = tmp_path / "game"
    made.mkdir()
    for number in range(FILES):
        with zipfile.ZipFile(made / f"{number:02d}.zip", "w") as archive:
            for member in range(FILES - number):
                archive.writestr(f"{member:02d}.png", encoded(Image.new("RGB", (8, 8), (number, member, 0)), "png"))
    (made / "05.zip").write_bytes(b"PK\3\4 and nothing more")
    return made


def _told(found: Iterator[Extracted]) -> list[tuple[str, str]]:
    return [
        (item.asset_id, item.sha256) if isinstance(item, ExtractedTexture) else (item.what, "")
        for item in found
        if isinstance(item, ExtractedTexture | Skipped)
    ]


def test_the_order_is_that_of_the_names_whatever_the_number_of_processes(folder: Path, tmp_path: Path) -> None:
    told = {
        count: _told(extract([folder], tmp_path / f"out{count}", ExtractSettings(processes=count))) for count in (1, 3)
    }
    assert told[3] == told[1]
    assert len(told[1]) == sum(range(1, FILES + 1)) - (FILES - 5) + 1
    assert [what for what, _ in told[1] if "05.zip" in what] == ["game/05.zip"]


def test_no_more_children_run_than_are_asked_for(folder: Path, tmp_path: Path) -> None:
    most = 0
    for _ in extract([folder], tmp_path / "out", ExtractSettings(processes=2)):
        most = max(most, len(_children()))
    assert most == 2
    assert not _children()


def test_an_end_in_the_middle_ends_the_children_and_leaves_no_trace(folder: Path, tmp_path: Path) -> None:
    found = extract([folder], tmp_path / "out", ExtractSettings(processes=3))
    first = next(found)
    found.close()
    assert isinstance(first, ExtractedTexture)
    assert not _children()
    assert [path.name for path in (tmp_path / "out").rglob("*") if path.is_file()] == [first.file.name]
    assert not list((tmp_path / "out").glob(".aegis-partial-*"))


def test_one_file_starts_one_child(folder: Path, tmp_path: Path) -> None:
    seen = set[int]()
    for _ in extract([folder / "00.zip"], tmp_path / "out", ExtractSettings(processes=4)):
        seen |= _children()
    assert len(seen) == 1


def _children() -> set[int]:
    """Return the parsers among our children, as other tests of this process leave none."""
    found = set()
    for child in psutil.Process(os.getpid()).children():
        with suppress(psutil.Error):
            if "producer_tools.extraction.child" in child.cmdline():
                found.add(child.pid)
    return found

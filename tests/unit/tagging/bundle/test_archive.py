"""Bundles as archives: unpacked once, verified, or refused in one sentence."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from consumer.services.bundles import bundle_folder
from consumer.tagging.bundle.bundle import BundleError, load_bundle
from tests.unit.tagging.tiny import write_tiny


def packed(folder: Path, target: Path, *, inside: str = "") -> Path:
    if target.suffix == ".zip":
        with zipfile.ZipFile(target, "w") as file:
            for path in folder.iterdir():
                file.write(path, f"{inside}{path.name}")
    else:
        with tarfile.open(target, "w:gz" if target.suffix == ".tgz" else "w") as file:
            for path in folder.iterdir():
                file.add(path, f"{inside}{path.name}")
    return target


@pytest.mark.parametrize("name", ["bundle.tar", "bundle.tgz", "bundle.zip"])
@pytest.mark.parametrize("inside", ["", "some-model/"])
def test_an_archive_is_a_bundle_with_or_without_its_folder(tmp_path: Path, name: str, inside: str) -> None:
    archive = packed(write_tiny(tmp_path / "source"), tmp_path / name, inside=inside)
    folder = bundle_folder(str(archive), tmp_path / "cache")
    assert load_bundle(folder).digest == load_bundle(tmp_path / "source").digest
    marked = (folder / "bundle.json").stat().st_mtime_ns
    assert bundle_folder(str(archive), tmp_path / "cache") == folder
    assert (folder / "bundle.json").stat().st_mtime_ns == marked


def test_what_is_no_bundle_is_refused_and_leaves_nothing_in_the_cache(tmp_path: Path) -> None:
    (tmp_path / "text.tar").write_text("no archive")
    with tarfile.open(tmp_path / "empty.tar", "w"):
        pass
    for name, sentence in (("text.tar", "no archive that can be unpacked"), ("empty.tar", "holds no model bundle")):
        with pytest.raises(BundleError, match=sentence):
            bundle_folder(str(tmp_path / name), tmp_path / "cache")
    with pytest.raises(BundleError, match=r"There is no model bundle .*: name a folder, an archive, or s3"):
        bundle_folder(str(tmp_path / "none"), tmp_path / "cache")
    assert not list((tmp_path / "cache").glob("*"))


def test_an_archive_that_leads_out_of_its_folder_is_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "evil.tar", "w") as file:
        entry = tarfile.TarInfo("../outside")
        entry.size = 4
        file.addfile(entry, io.BytesIO(b"evil"))
    with pytest.raises(BundleError, match="no archive that can be unpacked"):
        bundle_folder(str(tmp_path / "evil.tar"), tmp_path / "cache")
    assert not (tmp_path / "outside").exists()

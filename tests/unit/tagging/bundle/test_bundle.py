from __future__ import annotations

import json
from pathlib import Path

import pytest

from consumer.tagging.bundle.bundle import BundleError, load_bundle, read_manifest
from consumer.tagging.bundle.calibration import Calibration, CategoryCalibration, Platt
from tests.unit.tagging.tiny import TAXONOMY_JSON, tiny_bundle, write_tiny

CALIBRATION = Calibration(
    labels_sha256="0" * 64,
    images=1,
    categories={"colours": CategoryCalibration(tags={"red": Platt(slope=2.0, bias=-1.0)})},
)


def test_a_whole_bundle_loads_with_its_vocabulary_and_is_not_calibrated_unless_it_says_so(tmp_path: Path) -> None:
    bundle = tiny_bundle(tmp_path)
    assert bundle.vectors["beasts"].names == ("cat", "dog")
    assert bundle.calibration is None


@pytest.mark.parametrize("name", ["visual.onnx", "taxonomy.yaml", "taxonomy.npz"])
def test_a_changed_byte_in_any_file_is_refused(tmp_path: Path, name: str) -> None:
    folder = write_tiny(tmp_path)
    data = bytearray((folder / name).read_bytes())
    data[-1] ^= 1
    (folder / name).write_bytes(data)
    with pytest.raises(BundleError, match=f"{name} is not the file"):
        load_bundle(folder)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    folder = write_tiny(tmp_path)
    (folder / "visual.onnx").unlink()
    with pytest.raises(BundleError, match=r"lacks visual\.onnx"):
        load_bundle(folder)


def test_a_folder_without_manifest_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="is no model bundle"):
        load_bundle(tmp_path)


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/../../b", "..\\b"])
def test_file_names_that_leave_the_bundle_are_refused(tmp_path: Path, name: str) -> None:
    folder = write_tiny(tmp_path)
    manifest = json.loads((folder / "bundle.json").read_text())
    manifest["files"][name] = manifest["files"]["visual.onnx"]
    (folder / "bundle.json").write_text(json.dumps(manifest))
    with pytest.raises(BundleError, match="leaves the bundle"):
        read_manifest(folder)


def test_a_taxonomy_changed_after_its_compilation_is_refused_with_the_remedy(tmp_path: Path) -> None:
    folder = write_tiny(tmp_path)
    compiled = (folder / "taxonomy.npz").read_bytes()
    write_tiny(folder, TAXONOMY_JSON.replace('"cat"', '"kitten"'))
    manifest = json.loads((folder / "bundle.json").read_text())
    (folder / "taxonomy.npz").write_bytes(compiled)
    entry = read_manifest(write_tiny(tmp_path / "other")).files["taxonomy.npz"]
    manifest["files"]["taxonomy.npz"] = entry.model_dump()
    (folder / "bundle.json").write_text(json.dumps(manifest))
    with pytest.raises(BundleError, match="aegis taxonomy compile"):
        load_bundle(folder)


def test_the_model_digest_follows_the_weights_and_not_the_vocabulary_or_the_calibration(tmp_path: Path) -> None:
    plain = tiny_bundle(tmp_path / "plain")
    other_words = tiny_bundle(tmp_path / "words", TAXONOMY_JSON.replace('"some {}"', '"few {}"'))
    calibrated = tiny_bundle(tmp_path / "calibrated", calibration=CALIBRATION)
    assert plain.digest == other_words.digest == calibrated.digest
    assert len({plain.taxonomy_digest, other_words.taxonomy_digest, calibrated.taxonomy_digest}) == 3

    folder = write_tiny(tmp_path / "weights")
    manifest = json.loads((folder / "bundle.json").read_text())
    manifest["files"]["visual.onnx"]["sha256"] = "1" * 64
    (folder / "bundle.json").write_text(json.dumps(manifest))
    assert read_manifest(folder).model_digest() != plain.digest

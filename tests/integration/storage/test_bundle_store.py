"""Model bundles out of a real object store."""

from __future__ import annotations

from pathlib import Path

import pytest

from consumer.services.bundles import bundle_folder
from consumer.storage.objects import ObjectStore
from consumer.tagging.bundle.bundle import BundleError, load_bundle
from schemas.connections import ObjectStoreConnection
from tests.unit.tagging.bundle.test_archive import packed
from tests.unit.tagging.tiny import write_tiny


@pytest.fixture
async def place(object_store_connection: ObjectStoreConnection, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """The address of a bucket with a bundle as a folder and as an archive."""
    connection = object_store_connection
    monkeypatch.setenv("AEGIS_S3_ENDPOINT", connection.endpoint)
    monkeypatch.setenv("AEGIS_S3_ACCESS_KEY", connection.access_key)
    monkeypatch.setenv("AEGIS_S3_SECRET_KEY", connection.secret_key.get_secret_value())
    source = write_tiny(tmp_path / "source")
    archive = packed(source, tmp_path / "bundle.tar")
    async with ObjectStore(connection) as store:
        await store.ensure_bucket()
        for path in source.iterdir():
            await store.put_if_absent(f"models/tiny/{path.name}", path.read_bytes(), "application/octet-stream")
        await store.put_if_absent("models/tiny.tar", archive.read_bytes(), "application/x-tar")
        broken = (source / "visual.onnx").read_bytes() + b"!"
        for path in source.iterdir():
            data = broken if path.name == "visual.onnx" else path.read_bytes()
            await store.put_if_absent(f"models/broken/{path.name}", data, "application/octet-stream")
    return f"s3://{connection.bucket}/models"


def test_a_bundle_is_fetched_once_whether_folder_or_archive(place: str, tmp_path: Path) -> None:
    expected = load_bundle(tmp_path / "source").digest
    for name in ("tiny", "tiny.tar"):
        folder = bundle_folder(f"{place}/{name}", tmp_path / "cache")
        assert load_bundle(folder).digest == expected
        assert bundle_folder(f"{place}/{name}", tmp_path / "cache") == folder


@pytest.mark.parametrize("name", ["none", "none.tar", "broken"])
def test_what_is_not_whole_is_told_and_nothing_is_kept(place: str, tmp_path: Path, name: str) -> None:
    with pytest.raises(BundleError, match="cannot be fetched"):
        bundle_folder(f"{place}/{name}", tmp_path / "cache")
    assert not list((tmp_path / "cache").glob("*"))

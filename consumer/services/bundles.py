"""Where a model bundle lies: a folder, an archive, or either in an object store."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import Final

from consumer.settings import ModelSettings
from consumer.storage.errors import StoreError
from consumer.storage.objects import ObjectStore
from consumer.tagging.bundle.archive import appear, is_archive, unpacked
from consumer.tagging.bundle.bundle import Bundle, default_bundle_path
from consumer.tagging.bundle.manifest import MANIFEST, BundleError, parse_manifest
from consumer.tagging.bundle.overlay import Overlay, load_overlay
from consumer.tagging.bundle.taxonomy import TaxonomyError
from consumer.tagging.own_tags import open_bundle
from schemas.connections import ObjectStoreConnection

_SCHEME: Final = "s3://"
_MAX_MANIFEST_BYTES: Final = 4 * 1024 * 1024
_MAX_FILE_BYTES: Final = 64 * 1024**3


def bundle_folder(place: str | None, cache: Path) -> Path:
    """Return the local folder of the bundle at `place`; None means the one that ships with the product.

    What comes out of an archive or an object store is kept in `cache` by its sha256, and is there whole or not at all.
    Its files are not verified yet: `load_bundle` does that. Raises BundleError.
    """
    if place is None:
        return default_bundle_path()
    if place.startswith(_SCHEME):
        return _from_store(place, cache)
    path = Path(place).expanduser()
    if path.is_file():
        return unpacked(path, cache)
    if not path.is_dir():
        raise BundleError(f"There is no model bundle {place}: name a folder, an archive, or s3://bucket/key.")
    return path


def opened_bundle(settings: ModelSettings, place: str | None = None) -> Bundle:
    """Open the bundle that the settings name, or the one at ``place``, with the settings' overlay over it.

    Raises BundleError and ModelError.
    """
    return open_bundle(bundle_folder(place or settings.bundle, settings.cache_dir), overlay_of(settings))


def overlay_of(settings: ModelSettings) -> Overlay | None:
    """Read the overlay that the settings name; raises BundleError."""
    if settings.overlay is None:
        return None
    try:
        return load_overlay(settings.overlay)
    except TaxonomyError as error:
        raise BundleError(str(error)) from error


def _from_store(place: str, cache: Path) -> Path:
    bucket, _, key = place.removeprefix(_SCHEME).partition("/")
    if not bucket or not key.strip("/"):
        raise BundleError(f"{place} is no place of a bundle: write s3://bucket/folder or s3://bucket/bundle.tar.")
    store = ObjectStore(ObjectStoreConnection())
    try:
        if is_archive(key):
            with tempfile.TemporaryDirectory() as scratch:
                archive = Path(scratch) / Path(key).name
                store.download(bucket, key, archive, max_bytes=_MAX_FILE_BYTES)
                return unpacked(archive, cache)
        return _folder_from_store(store, bucket, key.strip("/"), cache)
    except StoreError as error:
        raise BundleError(f"The bundle {place} cannot be fetched: {error}.") from error
    finally:
        store.close()


def _folder_from_store(store: ObjectStore, bucket: str, prefix: str, cache: Path) -> Path:
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / MANIFEST
        store.download(bucket, f"{prefix}/{MANIFEST}", path, max_bytes=_MAX_MANIFEST_BYTES)
        data = path.read_bytes()
    manifest = parse_manifest(data, f"s3://{bucket}/{prefix}/{MANIFEST}")

    def fill(folder: Path) -> None:
        for name, entry in manifest.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            store.download(bucket, f"{prefix}/{name}", folder / name, max_bytes=entry.bytes)
        (folder / MANIFEST).write_bytes(data)

    return appear(cache / hashlib.sha256(data).hexdigest()[:32], fill)

"""Expiry: old snapshots are forgotten, and files that no snapshot refers to are deleted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from pyarrow.fs import FileSelector, FileType
from pyiceberg.io.pyarrow import PyArrowFileIO
from pyiceberg.table import Table

from consumer.storage.lake.appending import said_offsets
from consumer.storage.lake.lake import Lake, told
from consumer.storage.lake.tables import TableSpec


@dataclass(frozen=True, slots=True)
class Expired:
    """What an expiry did."""

    snapshots: int
    files: int
    bytes: int


def expire(lake: Lake, spec: TableSpec, *, keep: timedelta, spare: timedelta) -> Expired:
    """Forget snapshots older than ``keep``, and delete files older than ``spare`` that no snapshot refers to. Blocks.

    ``spare`` must exceed the time of the longest commit, whose files no snapshot refers to yet. The newest snapshot
    stays, and so does the newest that tells which records the table holds.

    Raises:
        LakeError: see :meth:`Lake.table`; a commit that another writer was faster than, too.

    """
    now = datetime.now(UTC)
    table = lake.table(spec)
    with told(f"the table {spec.name}"):
        old = _old(table, now - keep)
        if old:
            table.maintenance.expire_snapshots().by_ids(old).commit()
        # Listed before the table is looked at: what is written meanwhile is younger than all that is listed.
        listed = list(_listed(table, now - spare))
        kept = set(_referred(lake.table(spec)))
        orphans = [(path, size_bytes) for path, size_bytes in listed if path not in kept]
        for path, _ in orphans:
            table.io.delete(f"s3://{path}")
    return Expired(len(old), len(orphans), sum(size_bytes for _, size_bytes in orphans))


def _old(table: Table, before: datetime) -> list[int]:
    """Return the snapshots that may go."""
    current = table.current_snapshot()
    spared = {ref.snapshot_id for ref in table.metadata.refs.values()}
    snapshot = current
    while snapshot is not None:
        spared.add(snapshot.snapshot_id)
        if said_offsets(snapshot) is not None:
            break
        parent = snapshot.parent_snapshot_id
        snapshot = None if parent is None else table.snapshot_by_id(parent)
    limit_ms = int(before.timestamp() * 1000)
    return [
        item.snapshot_id
        for item in table.snapshots()
        if item.timestamp_ms < limit_ms and item.snapshot_id not in spared
    ]


def _listed(table: Table, before: datetime) -> Iterator[tuple[str, int]]:
    """Yield bucket and key of each file in the table's folder that is older, and its size."""
    io = table.io
    if not isinstance(io, PyArrowFileIO):
        raise TypeError(f"{type(io).__name__} lists no files")
    place = urlsplit(table.location())
    store = io.fs_by_scheme(place.scheme, place.netloc)
    for info in store.get_file_info(FileSelector(_plain(table.location()), recursive=True)):
        if info.type == FileType.File and info.mtime is not None and info.mtime < before:
            yield info.path, info.size


def _referred(table: Table) -> Iterator[str]:
    """Yield all that the table refers to, older metadata files included."""
    yield _plain(table.metadata_location)
    for older in table.metadata.metadata_log:
        yield _plain(older.metadata_file)
    for statistics in table.metadata.statistics:
        yield _plain(statistics.statistics_path)
    seen: set[str] = set()
    for snapshot in table.snapshots():
        yield _plain(snapshot.manifest_list)
        for manifest in snapshot.manifests(table.io):
            if manifest.manifest_path in seen:
                continue
            seen.add(manifest.manifest_path)
            yield _plain(manifest.manifest_path)
            for entry in manifest.fetch_manifest_entry(table.io, discard_deleted=False):
                yield _plain(entry.data_file.file_path)


def _plain(location: str) -> str:
    """Return bucket and key, as Arrow names files."""
    place = urlsplit(location)
    return f"{place.netloc}{place.path}"

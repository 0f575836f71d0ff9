"""Compaction: the many small files of a partition become few large ones, while rows go on coming in."""

from __future__ import annotations

import random
import time
import uuid
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pyiceberg.expressions import AlwaysTrue
from pyiceberg.io.pyarrow import ArrowScan, _dataframe_to_data_files
from pyiceberg.table import FileScanTask, Table

from consumer.storage.lake.appending import OFFSETS, held_by
from consumer.storage.lake.errors import LakeConflictError
from consumer.storage.lake.lake import Lake, told
from consumer.storage.lake.tables import TableSpec

_ATTEMPTS: Final = 8
_PAUSE_SECONDS: Final = 0.3


@dataclass(frozen=True, slots=True)
class CompactionPlan:
    """Which files are joined: of a partition with at least so many below the target, up to so many bytes at once."""

    target_bytes: int = 128 * 1024 * 1024
    min_files: int = 5


@dataclass(slots=True)
class Compacted:
    """What a compaction did."""

    files_before: int = 0
    files_after: int = 0
    rows: int = 0


def compact(lake: Lake, spec: TableSpec, plan: CompactionPlan) -> Compacted:
    """Join small files, one commit for each group of them; may be ended at any time, and run beside writers. Blocks.

    Raises:
        LakeConflictError: writers were faster again and again: it can be run again.
        LakeError: see :meth:`Lake.table`.

    """
    done = Compacted()
    partitions = {_key(task) for task in _small(lake.table(spec), plan)}
    for partition in sorted(partitions, key=repr):
        for attempt in range(_ATTEMPTS):
            try:
                _compact_partition(lake, spec, plan, partition, done)
                break
            except LakeConflictError:
                if attempt == _ATTEMPTS - 1:
                    raise
                time.sleep(_PAUSE_SECONDS * random.uniform(0.5, 1.5) * (attempt + 1))  # noqa: S311 - jitter
    return done


def _compact_partition(
    lake: Lake, spec: TableSpec, plan: CompactionPlan, partition: tuple[int, str], done: Compacted
) -> None:
    while True:
        table = lake.table(spec)
        tasks = [task for task in _small(table, plan) if _key(task) == partition]
        group = next((items for items in _groups(tasks, plan)), None)
        if group is None:
            return
        with told(f"the table {spec.name}"):
            _rewrite(table, group, done)


def _rewrite(table: Table, group: list[FileScanTask], done: Compacted) -> None:
    scan = ArrowScan(table.metadata, table.io, table.schema(), AlwaysTrue())
    rows = scan.to_table(group).sort_by([("asset_id", "ascending"), ("occurred_at", "ascending")])
    joined = list(_dataframe_to_data_files(table.metadata, rows, table.io, write_uuid=uuid.uuid4()))
    # A compaction's snapshot is the newest, too: it says which records the table holds, as its predecessor does.
    offsets = {OFFSETS: held_by(table).encode()}
    with table.transaction() as change, change.update_snapshot(snapshot_properties=offsets).overwrite() as files:
        for task in group:
            files.delete_data_file(task.file)
        for file in joined:
            files.append_data_file(file)
    done.files_before += len(group)
    done.files_after += len(joined)
    done.rows += rows.num_rows


def _small(table: Table, plan: CompactionPlan) -> list[FileScanTask]:
    """Return the files of partitions that have enough of them below the target; files with deleted rows stay."""
    with told(f"the table {table.name()[-1]}"):
        tasks = [
            task
            for task in table.scan().plan_files()
            if task.file.file_size_in_bytes < plan.target_bytes // 2
            and not task.delete_files
            and task.file.spec_id == table.spec().spec_id
        ]
    counts: dict[tuple[int, str], int] = defaultdict(int)
    for task in tasks:
        counts[_key(task)] += 1
    return [task for task in tasks if counts[_key(task)] >= plan.min_files]


def _groups(tasks: list[FileScanTask], plan: CompactionPlan) -> Iterator[list[FileScanTask]]:
    """Yield files that become one, the smallest first; a file alone is left as it is."""
    group: list[FileScanTask] = []
    size_bytes = 0
    for task in sorted(tasks, key=lambda item: item.file.file_size_in_bytes):
        if group and size_bytes + task.file.file_size_in_bytes > plan.target_bytes:
            break
        group.append(task)
        size_bytes += task.file.file_size_in_bytes
    if len(group) > 1:
        yield group


def _key(task: FileScanTask) -> tuple[int, str]:
    return task.file.spec_id, repr(task.file.partition)

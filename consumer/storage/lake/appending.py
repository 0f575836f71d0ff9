"""Appending rows with the offsets that they came from, in one commit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
from pyiceberg.io.pyarrow import schema_to_pyarrow
from pyiceberg.table import Table

from consumer.storage.lake.errors import LakeSetupError, RowUnfitError
from consumer.storage.lake.lake import Lake, told
from consumer.storage.lake.lines import Line
from consumer.storage.lake.offsets import HeldOffsets
from consumer.storage.lake.tables import TableSpec

if TYPE_CHECKING:
    from pyiceberg.table.snapshots import Snapshot

# In the summary of a snapshot: the records that the table holds from it on.
OFFSETS: Final = "aegis.offsets"
_NO_VALUE: Final = (pa.ArrowException, UnicodeError, OverflowError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class Appended:
    """What became of a batch: the rows that were new, those that were in before, and the unfit ones' errors."""

    rows: int
    known: int
    outcomes: tuple[Exception | None, ...]


def held_by(table: Table) -> HeldOffsets:
    """Return which records a table holds: what its newest snapshot says, or the nearest before it that says it.

    Compactions of other engines say nothing, and add no records.

    Raises:
        LakeSetupError: no snapshot says it, so that writing on could double rows.

    """
    snapshot = table.current_snapshot()
    if snapshot is None:
        return HeldOffsets()
    while snapshot is not None:
        said = said_offsets(snapshot)
        if said is not None:
            return HeldOffsets.decode(said)
        parent = snapshot.parent_snapshot_id
        snapshot = None if parent is None else table.snapshot_by_id(parent)
    raise LakeSetupError(
        f"no snapshot of {'.'.join(table.name())} tells which records it holds ({OFFSETS}), so writing on could double "
        "them: roll it back to one of `aegis lake`, or drop the table and begin anew with aegis lake init"
    )


def append(lake: Lake, spec: TableSpec, lines: Sequence[Line]) -> Appended:
    """Append the lines that the table does not hold yet; when this returns, all of them are in. Blocks.

    Raises:
        LakeConflictError: another writer was faster; nothing of this batch is in.
        LakeUnavailableError: it is not known whether the batch is in; to be called again, which tells.
        LakeSetupError: the table is not as it must be.

    """
    table = lake.table(spec)
    held = held_by(table)
    before = held.encode()
    schema = schema_to_pyarrow(table.schema(), include_field_ids=False)
    unfit = _unfit([line.row for line in lines], schema)
    rows: list[dict[str, Any]] = []
    known = 0
    for number, line in enumerate(lines):
        # An unfit row is told of again when its record comes again: until then its dead letter may not be written.
        if line.place in held:
            known += line.row is not None and number not in unfit
            continue
        held.add(line.place)
        if line.row is not None and number not in unfit:
            rows.append(line.row)
    if held.encode() != before:
        with told(f"the table {spec.name}"):
            _commit(table, pa.Table.from_pylist(rows, schema=schema), held)
    return Appended(len(rows), known, tuple(unfit.get(number) for number in range(len(lines))))


def _commit(table: Table, rows: pa.Table, held: HeldOffsets) -> None:
    # The transaction begins at the snapshot whose offsets were read: if that is no longer the newest, it fails.
    with table.transaction() as change:
        change.append(rows, snapshot_properties={OFFSETS: held.encode()})


def said_offsets(snapshot: Snapshot) -> str | None:
    """Return what a snapshot says of the records that the table holds; None of one that another program made."""
    return None if snapshot.summary is None else snapshot.summary.additional_properties.get(OFFSETS)


def _unfit(rows: Sequence[dict[str, Any] | None], schema: pa.Schema) -> dict[int, RowUnfitError]:
    """Return what the columns do not take, by number: nearly always nothing."""
    try:
        pa.Table.from_pylist([row for row in rows if row is not None], schema=schema)
    except _NO_VALUE as error:
        if len(rows) == 1:
            return {0: RowUnfitError(f"the lake does not take this row: {error}")}
        return {number: found[0] for number, row in enumerate(rows) if (found := _unfit([row], schema))}
    return {}

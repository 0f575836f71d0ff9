"""The sink: asset-tagged in, PostgreSQL rows out, many events a transaction."""

from __future__ import annotations

from collections.abc import Sequence

from consumer.services.batches import BatchWriter
from consumer.storage.errors import DatabaseUnavailableError, RowRejectedError
from consumer.storage.rows import TaggedRow, Tombstone, removal, tagged_row
from consumer.stream.deadline import off_the_clock
from consumer.stream.faults import FaultKind, FaultRow, FaultTable, at_stage
from consumer.stream.records import Publication, SourceRecord
from schemas import AssetTagged, Stage, check_headers, decode_event, removed_asset

SINK_FAULTS = FaultTable(
    (
        FaultRow(DatabaseUnavailableError, FaultKind.TRANSIENT, "the database does not answer"),
        FaultRow(RowRejectedError, FaultKind.POISON, "the database does not take this row"),
    )
)


class StoringHandler:
    """Stores one record; returns when its transaction is committed. Storing again changes nothing."""

    def __init__(self, writer: BatchWriter[TaggedRow | Tombstone]) -> None:
        self._writer = writer

    async def __call__(self, record: SourceRecord) -> Sequence[Publication]:
        """Return nothing to publish: the sink is the end of the line."""
        with at_stage(Stage.DECODE_EVENT):
            row = receive(record)
        # Its place in a batch, and the transaction, take as long as the database takes: it has deadlines of its own.
        with at_stage(Stage.STORE), off_the_clock():
            await self._writer.write(row)
        return ()


def receive(record: SourceRecord) -> TaggedRow | Tombstone:
    """Read the row, or the removal, that a record speaks of.

    Raises:
        EventDecodeError: neither, or of a major version that we do not know.
        RowRejectedError: it holds what no table can.

    """
    check_headers(record.headers)
    if record.value is not None:
        return tagged_row(decode_event(AssetTagged, record.value))
    return removal(removed_asset(record.key), record.timestamp_ms)

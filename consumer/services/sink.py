"""The sink: asset-tagged in, PostgreSQL rows out, many events a transaction."""

from __future__ import annotations

import time
from collections.abc import Sequence

from consumer.services.batches import BatchWriter, WriteBatch
from consumer.storage.rows import TaggedRow, Tombstone, removal, tagged_row
from consumer.stream.deadline import off_the_clock
from consumer.stream.faults import at_stage
from consumer.stream.records import Publication, SourceRecord
from consumer.telemetry.metrics import Metrics
from schemas import AssetTagged, Stage, check_headers, decode_event, removed_asset, utc_now


class StoringHandler:
    """Stores one record; returns when its transaction is committed. Storing again changes nothing."""

    def __init__(self, writer: BatchWriter[TaggedRow | Tombstone], metrics: Metrics) -> None:
        self._writer = writer
        self._metrics = metrics

    async def __call__(self, record: SourceRecord) -> Sequence[Publication]:
        """Return nothing to publish: the sink is the end of the line."""
        with at_stage(Stage.DECODE_EVENT):
            row = receive(record)
        # Its place in a batch, and the transaction, take as long as the database takes: it has deadlines of its own.
        with at_stage(Stage.STORE), off_the_clock():
            await self._writer.write(row)
        if isinstance(row, TaggedRow):
            # Two machines' clocks: a hair's breadth before zero is zero.
            self._metrics.asset_stored(max(0.0, (utc_now() - row.extracted_at).total_seconds()))
        return ()


def measured(write_batch: WriteBatch[TaggedRow | Tombstone], metrics: Metrics) -> WriteBatch[TaggedRow | Tombstone]:
    """Return the same writer, whose batches are counted and timed."""

    async def write(rows: Sequence[TaggedRow | Tombstone]) -> Sequence[Exception | None]:
        started = time.perf_counter()
        try:
            return await write_batch(rows)
        finally:
            metrics.batch_stored(len(rows), time.perf_counter() - started)

    return write


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

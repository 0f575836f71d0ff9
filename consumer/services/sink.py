"""The sink: asset-tagged and asset-reviewed in, PostgreSQL rows out, many events a transaction."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from consumer.concurrency.batching import Batcher, BatchWork
from consumer.concurrency.deadline import off_the_clock
from consumer.kafka.records import Publication, SourceRecord
from consumer.services.clocks import PASSED_ON_SLACK, ClockWatch
from consumer.storage.tables.rows import Entry, TaggedRow, Tombstone, tagged_row
from consumer.storage.tables.verdicts import VerdictRow, verdict_row
from consumer.stream.failures.faults import at_stage
from consumer.telemetry.metrics import Metrics
from schemas import (
    AssetReviewed,
    AssetTagged,
    MalformedEventError,
    Stage,
    check_headers,
    decode_event,
    removed_asset,
    utc_now,
)
from schemas.headers import SourcePlace, caused_by


class StoringHandler:
    """Stores one record; returns when its transaction is committed. Storing again changes nothing."""

    def __init__(self, writer: Batcher[Entry, None], metrics: Metrics, reviewed_topic: str) -> None:
        self._writer = writer
        self._metrics = metrics
        self._reviewed_topic = reviewed_topic
        self._clocks = ClockWatch(metrics)

    async def __call__(self, record: SourceRecord) -> Sequence[Publication]:
        """Return nothing to publish: the sink is the end of the line."""
        with at_stage(Stage.DECODE_EVENT):
            row = receive(record, self._reviewed_topic, self._clocks)
        # Its place in a batch, and the transaction, take as long as the database takes: it has deadlines of its own.
        with at_stage(Stage.STORE), off_the_clock():
            await self._writer.submit(row)
        if isinstance(row, TaggedRow):
            # Two machines' clocks: a hair's breadth before zero is zero.
            self._metrics.asset_stored(max(0.0, (utc_now() - row.extracted_at).total_seconds()))
        return ()


def measured(write_batch: BatchWork[Entry, None], metrics: Metrics) -> BatchWork[Entry, None]:
    """Return the same writer, whose batches are counted and timed."""

    async def write(rows: Sequence[Entry]) -> Sequence[Exception | None]:
        started = time.perf_counter()
        try:
            return await write_batch(rows)
        finally:
            metrics.batch_stored(len(rows), time.perf_counter() - started)

    return write


def receive(record: SourceRecord, reviewed_topic: str, clocks: ClockWatch) -> Entry:
    """Read what a record speaks of: tags, a removal, or, on the reviewed topic, a person's word.

    The tagger holds an extraction to its record; events of older versions and of others were not held.

    Raises:
        EventDecodeError: nothing of these, or of a major version that we do not know.

    """
    check_headers(record.headers)
    if record.topic == reviewed_topic:
        said = _verdict(record)
        return said._replace(decided_at=clocks.hold(said.decided_at, record, PASSED_ON_SLACK))
    if record.value is not None:
        row = tagged_row(decode_event(AssetTagged, record.value))
        held_at = clocks.hold(row.extracted_at, record, PASSED_ON_SLACK)
        return row if held_at == row.extracted_at else replace(row, extracted_at=held_at)
    asset_id = removed_asset(record.key, record.timestamp_ms)
    return Tombstone(asset_id, record.timestamp_ms, caused_by(record.headers))


def _verdict(record: SourceRecord) -> VerdictRow:
    if record.value is None:
        raise MalformedEventError("a null value is no word of a person: one that is taken back is an event, withdrawn")
    event = decode_event(AssetReviewed, record.value)
    if record.key != event.asset_id.encode():
        raise MalformedEventError("the key is not the asset_id, so the order of what was said of the asset is lost")
    return verdict_row(event, SourcePlace(record.partition, record.offset), event.occurred_at)

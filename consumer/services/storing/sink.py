"""The sink: asset-tagged and asset-reviewed in, PostgreSQL rows out, many events a transaction."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import structlog
from msgspec.structs import replace

from consumer.concurrency.batching import Batcher, BatchWork
from consumer.concurrency.deadline import off_the_clock
from consumer.kafka.records import Publication, SourceRecord
from consumer.services.clocks import PASSED_ON_SLACK, ClockWatch
from consumer.services.storing.tagged_rows import read_row
from consumer.storage.tables.rows import Entry, TaggedRow, Tombstone
from consumer.storage.tables.taken import Taken
from consumer.storage.tables.verdicts import VerdictRow, verdict_row
from consumer.stream.failures.faults import at_stage
from consumer.telemetry.metrics import Metrics
from schemas import (
    AssetReviewed,
    EventDecodeError,
    MalformedEventError,
    Stage,
    check_headers,
    decode_event,
    removed_asset,
    utc_now,
)
from schemas.headers import SourcePlace, caused_by

_log = structlog.get_logger(__name__)


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
        self._count(row)
        return ()

    async def together(self, records: Sequence[SourceRecord]) -> Sequence[bool]:
        """Store what can be read and taken of these; tell of each whether its transaction is committed."""
        rows = [self._readable(record) for record in records]
        with off_the_clock():
            outcomes = iter(await self._writer.submit_all([row for row in rows if row is not None]))
        stored = [row is not None and next(outcomes) is None for row in rows]
        for row, is_stored in zip(rows, stored, strict=True):
            if row is not None and is_stored:
                self._count(row)
        return stored

    def _readable(self, record: SourceRecord) -> Entry | None:
        try:
            return receive(record, self._reviewed_topic, self._clocks)
        except EventDecodeError:
            return None

    def _count(self, row: Entry) -> None:
        if isinstance(row, TaggedRow):
            # Two machines' clocks: a hair's breadth before zero is zero.
            self._metrics.asset_stored(max(0.0, (utc_now() - row.extracted_at).total_seconds()))


def measured(write_batch: BatchWork[Entry, None], metrics: Metrics) -> BatchWork[Entry, None]:
    """Return the same writer, whose batches are counted and timed."""

    async def write(rows: Sequence[Entry]) -> Sequence[Exception | None]:
        started = time.perf_counter()
        try:
            return await write_batch(rows)
        finally:
            metrics.batch_stored(len(rows), time.perf_counter() - started)

    return write


def taken_ids_told(metrics: Metrics) -> Callable[[Sequence[Taken]], None]:
    """Return what counts ids that came from elsewhere with other bytes, and logs one of each batch."""

    def tell(taken: Sequence[Taken]) -> None:
        metrics.ids_taken(len(taken))
        first = taken[0]
        _log.warning(
            "asset.id_taken",
            asset_id=first.asset_id,
            earlier=first.earlier,
            now=first.now,
            ids=len(taken),
            help="two sources share ids, and the newer texture replaced the other: give each a name of its own with "
            "aegis init or aegis extract --game, and send both again",
        )

    return tell


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
        row = read_row(record.value)
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

"""Others' clocks: no event counts as later than its record, and whoever states such a time is told of."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from consumer.kafka.records import SourceRecord
from consumer.telemetry.metrics import Metrics
from schemas import header_text

_log = structlog.get_logger(__name__)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
# A tagger's clock may be behind that of the extractor whose times it passes on, but not by so much.
PASSED_ON_SLACK: Final = timedelta(days=1)

# Two machines' clocks differ by less.
_NOTICED: Final = timedelta(seconds=1)
_TELL_EVERY_SECONDS: Final = 60.0


def held_to(stated: datetime, timestamp_ms: int, slack: timedelta = timedelta(0)) -> datetime:
    """Return when something counts as having happened: when it says so, but not after its record was written.

    The record's own time lies at most an hour ahead of the brokers' clocks, which take no other
    (`message.timestamp.after.max.ms`), and it stays the same however often the record is read, replayed or redriven.
    ``timestamp_ms`` is since the epoch; a record without one (below zero), or with one that is no date, holds nothing.
    """
    try:
        written_at = _EPOCH + timestamp_ms * _MILLISECOND
        return written_at if timestamp_ms >= 0 and stated > written_at + slack else stated
    except OverflowError:
        return stated


def epoch_ms(moment: datetime) -> int:
    """Return the whole milliseconds since the epoch."""
    return (moment - _EPOCH) // _MILLISECOND


class ClockWatch:
    """Holds stated times to those of their records, counts what it held, and logs one of them a minute."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._told_at = float("-inf")

    def hold(self, stated: datetime, record: SourceRecord, slack: timedelta = timedelta(0)) -> datetime:
        """Return when an event counts as having happened, see :func:`held_to`."""
        held = held_to(stated, record.timestamp_ms, slack)
        if stated - held > _NOTICED:
            self._metrics.clock_was_ahead()
            self._tell(stated - held, record)
        return held

    def _tell(self, ahead: timedelta, record: SourceRecord) -> None:
        if time.monotonic() - self._told_at < _TELL_EVERY_SECONDS:
            return
        self._told_at = time.monotonic()
        _log.warning(
            "event.clock_ahead",
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            key=(record.key or b"").decode(errors="replace")[:80],
            source=header_text(record.headers, "ce_source"),
            ahead_seconds=round(ahead.total_seconds(), 3),
            help="the event counts as of its record's time; set the clock of the machine that wrote it",
        )

"""The lake: asset-tagged and asset-reviewed in, rows of Iceberg tables out, each record's exactly once."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol

import structlog

from consumer.concurrency.deadline import off_the_clock
from consumer.concurrency.gathering import Enough, Gatherer
from consumer.kafka.records import Publication, SourceRecord
from consumer.services.clocks import ClockWatch
from consumer.services.storing.sink import receive
from consumer.storage.lake.errors import LakeConflictError, LakeError
from consumer.storage.lake.lines import Line, removal_line, reviewed_line, tagged_line
from consumer.storage.lake.offsets import RecordPlace
from consumer.storage.tables.rows import Entry, TaggedRow, Tombstone
from consumer.stream.failures.faults import at_stage
from consumer.stream.partitions.source_topics import SourceTopics
from consumer.telemetry.metrics import Metrics
from schemas import Stage

_log = structlog.get_logger(__name__)
# Brokers before Kafka 2.8 give topics no ids.
_NO_ID: Final = "-"
_CONFLICTS: Final = 10
_CONFLICT_SECONDS: Final = 0.2
_CLOSED_KEPT: Final = 10_000


class Appended(Protocol):
    """What became of a batch; see consumer/storage/lake/appending.py, which needs the extra `lake`."""

    @property
    def rows(self) -> int: ...
    @property
    def known(self) -> int: ...
    @property
    def outcomes(self) -> tuple[Exception | None, ...]: ...


class TableWriter:
    """Gathers the lines of one table, and appends them in batches, in a thread that all tables share."""

    def __init__(
        self,
        name: str,
        append: Callable[[Sequence[Line]], Appended],
        *,
        enough: Enough,
        source: SourceTopics,
        metrics: Metrics,
        thread: ThreadPoolExecutor,
    ) -> None:
        self._name = name
        self._append = append
        self._source = source
        self._metrics = metrics
        self._thread = thread
        self._gatherer: Gatherer[Line] = Gatherer(self._write, enough)
        self._closed: list[Line] = []
        # Why the last batch was not taken, None since one was.
        self.problem: LakeError | None = None

    async def write(self, line: Line) -> None:
        """Return when the table holds the line."""
        await self._gatherer.submit(line, line.size_bytes)

    def close_place(self, place: RecordPlace) -> None:
        """Note a record that has no row: its offset goes in with the next batch, so that no gap stays for ever."""
        if len(self._closed) < _CLOSED_KEPT:
            self._closed.append(Line(place, None))

    def hurry(self, seconds: float) -> None:
        self._gatherer.hurry(seconds)

    async def close(self) -> None:
        await self._gatherer.close()

    async def _write(self, lines: Sequence[Line]) -> Sequence[Exception | None]:
        started = time.perf_counter()
        try:
            appended = await self._append_until_alone(lines)
        except LakeError as error:
            self.problem = error
            _log.warning("lake.not_written", table=self._name, rows=len(lines), error=str(error))
            raise
        self.problem = None
        self._metrics.lake_committed(
            self._name, rows=appended.rows, known=appended.known, seconds=time.perf_counter() - started
        )
        return appended.outcomes[: len(lines)]

    async def _append_until_alone(self, lines: Sequence[Line]) -> Appended:
        """Append, again where another writer was faster: each attempt looks anew which lines are in."""
        closed = self._closed[:]
        for attempt in range(_CONFLICTS):
            # The places are of the topic that was there when its records were read: only if it still is, all are of it.
            await self._source.check_now()
            ours = {line.place.topic_id for line in lines}
            batch = [*lines, *(line for line in closed if line.place.topic_id in ours)]
            try:
                appended = await asyncio.get_running_loop().run_in_executor(self._thread, self._append, batch)
            except LakeConflictError:
                self._metrics.lake_conflicted(self._name)
                if attempt == _CONFLICTS - 1:
                    raise
                await asyncio.sleep(_CONFLICT_SECONDS * random.uniform(0.5, 1.5) * (attempt + 1))  # noqa: S311 - jitter
            else:
                del self._closed[: len(closed)]
                return appended
        raise AssertionError("the last attempt returns or raises")


class LakeHandler:
    """Hands each record to the writer of its table; returns when its row is in. Again, it changes nothing."""

    def __init__(
        self, tagged: TableWriter, reviewed: TableWriter, source: SourceTopics, metrics: Metrics, reviewed_topic: str
    ) -> None:
        self._tagged = tagged
        self._reviewed = reviewed
        self._source = source
        self._reviewed_topic = reviewed_topic
        self._clocks = ClockWatch(metrics)

    async def __call__(self, record: SourceRecord) -> Sequence[Publication]:
        """Return nothing to publish."""
        writer = self._reviewed if record.topic == self._reviewed_topic else self._tagged
        place = self._place(record)
        try:
            with at_stage(Stage.DECODE_EVENT):
                entry = receive(record, self._reviewed_topic, self._clocks)
        except Exception:
            writer.close_place(place)
            raise
        line = _line(place, entry, record.size_bytes)
        # Its place in a batch, and the commit, take as long as others do: they have deadlines of their own.
        with at_stage(Stage.STORE), off_the_clock():
            await writer.write(line)
        return ()

    def _place(self, record: SourceRecord) -> RecordPlace:
        topic_id = self._source.id_of(record.topic)
        follows = record.offset if record.follows is None else record.follows
        return RecordPlace(str(topic_id or _NO_ID), record.partition, record.offset, follows)


def _line(place: RecordPlace, entry: Entry, size_bytes: int) -> Line:
    if isinstance(entry, TaggedRow):
        return tagged_line(place, entry, size_bytes)
    if isinstance(entry, Tombstone):
        return removal_line(place, entry, size_bytes)
    return reviewed_line(place, entry, size_bytes)

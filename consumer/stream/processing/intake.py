"""Taking records in: as many as may be in flight, each worked on in a task of its own."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import structlog

from consumer.kafka.records import SourceRecord
from consumer.stream.failures.breaker import Breaker, BreakerState
from consumer.stream.observer import StreamObserver
from consumer.stream.partitions.assignment import Assignment
from consumer.stream.partitions.lanes import Turn
from consumer.stream.processing.budget import IntakeBudget
from consumer.stream.processing.processor import RecordAbandonedError, RecordProcessor
from consumer.stream.settings import StreamSettings
from consumer.tracing.spans import is_tracing, processing

_log = structlog.get_logger(__name__)
_BREAKER_HELP = (
    "most records fail: the fault is systemic, intake is stopped. See the dead letters: aegis dlq ls; "
    "one record is tried after each cool-down, and success closes the breaker"
)


class Intake:
    """Bounds what is in flight, and sees each record to its outcome."""

    def __init__(
        self,
        settings: StreamSettings,
        processor: RecordProcessor,
        breaker: Breaker,
        observer: StreamObserver,
        on_error: Callable[[BaseException], None],
    ) -> None:
        self._settings = settings
        self._processor = processor
        self._breaker = breaker
        self._observer = observer
        self._on_error = on_error
        self.budget = IntakeBudget(settings.max_records_in_flight, settings.max_bytes_in_flight)
        self.received = 0
        self.finished = 0

    @property
    def activity(self) -> int:
        """A number that changes whenever a record is received, retried or finished."""
        return self.received + self.finished + self._processor.activity

    def room(self) -> int:
        """Return how many records may be taken in now."""
        if not self._breaker.admits(time.monotonic(), self.budget.records):
            return 0
        room = self.budget.room()
        return room if self._breaker.state is BreakerState.CLOSED else min(room, 1)

    async def less_in_flight(self) -> None:
        """Return when the budget has room; never where it has, and the breaker is what admits nothing."""
        if self.budget.room():
            await asyncio.get_running_loop().create_future()
        await self.budget.wait_for_room()

    def accept(self, assignment: Assignment, records: Sequence[SourceRecord]) -> None:
        """Track records and begin to work on them; call in offset order."""
        taken = deque([self._take(assignment, record) for record in records])
        # Each span is of one record.
        if self._processor.takes_batches and len(taken) > 1 and not is_tracing():
            self._begin_together(assignment, taken)
            return
        for item in taken:
            self._begin(assignment, item)

    def _take(self, assignment: Assignment, record: SourceRecord) -> _Taken:
        self.received += 1
        self._observer.record_received(record.topic, record.partition)
        size_bytes = record.size_bytes
        self.budget.take(size_bytes)
        assignment.track(record)
        return _Taken(record, assignment.lanes.enter(record.key), size_bytes)

    def _leave(self, item: _Taken, *, done: bool) -> None:
        item.turn.leave(done=done)
        self.budget.give_back(item.size_bytes)

    def _begin(self, assignment: Assignment, item: _Taken) -> None:
        task = assignment.begin(item.record.offset, self._work(assignment, item))

        def left(done: asyncio.Task[bool]) -> None:
            # Here and not in the task, which may be cancelled before its first step.
            error = _error_of(done, expected_to_end=assignment.closing.is_set())
            self._leave(item, done=not done.cancelled() and done.exception() is None and done.result())
            if error is not None:
                self._on_error(error)

        task.add_done_callback(left)

    def _begin_together(self, assignment: Assignment, items: deque[_Taken]) -> None:
        task = assignment.begin(items[0].record.offset, self._work_together(assignment, items))

        def left(done: asyncio.Task[None]) -> None:
            error = _error_of(done, expected_to_end=assignment.closing.is_set())
            for item in items:
                self._leave(item, done=False)
            if error is not None:
                self._on_error(error)

        task.add_done_callback(left)

    async def _work_together(self, assignment: Assignment, items: deque[_Taken]) -> None:
        """Take away from the records each whose outcome is durable, or that is worked on alone from here on."""
        outcomes = await self._processor.process_together([item.record for item in items])
        for item, is_durable in zip(tuple(items), outcomes, strict=True):
            is_finished = is_durable and item.turn.is_up
            if not is_finished and assignment.closing.is_set():
                # From here on left to the partition's next owner.
                return
            items.popleft()
            if is_finished:
                self._finish(assignment, item.record)
                self._leave(item, done=True)
            else:
                self._begin(assignment, item)

    async def _work(self, assignment: Assignment, item: _Taken) -> bool:
        """Return whether the record's outcome is durable, False when it was left to the partition's next owner."""
        settings, record = self._settings, item.record
        with (
            processing(record, group=settings.group, client_id=settings.client_id) as trace_id,
            structlog.contextvars.bound_contextvars(
                topic=record.topic, partition=record.partition, offset=record.offset, trace_id=trace_id
            ),
        ):
            try:
                disposition = await self._processor.process(assignment, record, item.turn)
            except RecordAbandonedError:
                return False
        self._finish(assignment, record, failed=disposition is not None)
        return True

    def _finish(self, assignment: Assignment, record: SourceRecord, *, failed: bool = False) -> None:
        seconds = assignment.finish(record.offset)
        self.finished += 1
        self._judge(failed=failed)
        self._observer.record_finished(record.topic, record.partition, seconds=seconds)

    def _judge(self, *, failed: bool) -> None:
        before = self._breaker.state
        if failed:
            self._breaker.failed(time.monotonic())
        else:
            self._breaker.succeeded()
        if self._breaker.state is not before:
            is_open = self._breaker.state is not BreakerState.CLOSED
            self._observer.breaker_changed(is_open=is_open)
            _log.error("breaker.opened" if is_open else "breaker.closed", help=_BREAKER_HELP if is_open else None)


class _Taken(NamedTuple):
    """A record in flight, its place among those of its key, and what it takes of the budget."""

    record: SourceRecord
    turn: Turn
    size_bytes: int


def _error_of(task: asyncio.Task[Any], *, expected_to_end: bool) -> BaseException | None:
    """Return what must end the session: else the record would stay unfinished for ever, and hold its partition."""
    if not task.cancelled():
        return task.exception()
    return None if expected_to_end else RuntimeError(f"the work on {task.get_name()} was cancelled by nobody we know")

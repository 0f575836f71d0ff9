"""One life of a Kafka consumer: from joining the group to leaving it."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Any, Protocol

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import (
    AuthenticationFailedError,
    GroupAuthorizationFailedError,
    KafkaError,
    TopicAuthorizationFailedError,
    UnsupportedCodecError,
)

from consumer.stream.assignment import Assignment, drain
from consumer.stream.breaker import Breaker, BreakerState
from consumer.stream.budget import IntakeBudget
from consumer.stream.commits import Committer
from consumer.stream.lag import measure_lag
from consumer.stream.lanes import Turn
from consumer.stream.observer import StreamObserver
from consumer.stream.processor import RecordAbandonedError, RecordProcessor
from consumer.stream.records import SourceRecord
from consumer.stream.settings import StreamSettings
from consumer.stream.watchdog import Watchdog

_log = structlog.get_logger(__name__)

# Errors that no waiting heals: somebody must change the configuration.
FATAL_ERRORS = (
    AuthenticationFailedError,
    GroupAuthorizationFailedError,
    TopicAuthorizationFailedError,
    UnsupportedCodecError,
)
_POLL_MS = 250
_MAX_POLL_RECORDS = 500
# aiokafka leaves the group when getmany is not called for max_poll_interval_ms (5 minutes).
_KEEP_ALIVE_SECONDS = 30.0
_CLIENT_TIMEOUT_SECONDS = 10.0


class ConsumerFactory(Protocol):
    def __call__(self) -> AIOKafkaConsumer: ...


class Session(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is untyped
    """Receives, dispatches, commits; owns the assignments of one consumer."""

    def __init__(
        self,
        settings: StreamSettings,
        make_consumer: ConsumerFactory,
        processor: RecordProcessor,
        breaker: Breaker,
        observer: StreamObserver,
    ) -> None:
        self._settings = settings
        self._consumer = make_consumer()
        self._processor = processor
        self._breaker = breaker
        self._observer = observer
        self._committer = Committer(self._consumer, settings.commit_timeout_seconds, observer)
        self._budget = IntakeBudget(settings.max_records_in_flight, settings.max_bytes_in_flight)
        self._assignments: dict[tuple[str, int], Assignment] = {}
        self._activity = 0
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.joined = False

    @property
    def received_any(self) -> bool:
        """Whether this consumer ever delivered a record."""
        return self._activity > 0

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until ``stop`` is set, then drain, commit and leave the group.

        Raises:
            StalledError: the consumer silently stopped delivering.
            KafkaError: one of :data:`FATAL_ERRORS`.

        """
        try:
            if await self._start(stop):
                await self._consume(stop)
        finally:
            await self._leave()

    async def _start(self, stop: asyncio.Event) -> bool:
        """Connect, for as long as the brokers cannot be reached; False when stopped before."""
        attempt = 0
        while not stop.is_set():
            try:
                await self._consumer.start()
                await self._await_topic(stop)
            except FATAL_ERRORS:
                raise
            except KafkaError as error:
                attempt += 1
                delay_seconds = self._settings.backoff.delay_seconds(attempt)
                _log.warning("kafka.unreachable", error=str(error), retry_in_seconds=round(delay_seconds, 1))
                await _first_of(stop.wait(), timeout_seconds=delay_seconds)
            else:
                self._consumer.subscribe([self._settings.topic], listener=self)
                return not stop.is_set()
        return False

    async def _await_topic(self, stop: asyncio.Event) -> None:
        while not stop.is_set() and self._settings.topic not in await self._consumer.topics():
            _log.warning("topic.missing", topic=self._settings.topic, help="create it: aegis topics apply")
            await _first_of(stop.wait(), timeout_seconds=5.0)

    async def _consume(self, stop: asyncio.Event) -> None:
        background = (self._commit_regularly(), self._watch())
        tasks = [asyncio.create_task(work) for work in background]
        for task in tasks:
            task.add_done_callback(self._fail_with)
        try:
            await self._poll_until(stop)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _poll_until(self, stop: asyncio.Event) -> None:
        polled_at = time.monotonic()
        while not stop.is_set():
            room = self._room()
            if not room:
                await _first_of(stop.wait(), self._budget.wait_for_room(), timeout_seconds=1.0)
                if self._failed.done():
                    self._failed.result()
                if self._room() or time.monotonic() - polled_at < _KEEP_ALIVE_SECONDS:
                    continue
            await self._poll(stop, room)
            polled_at = time.monotonic()

    def _room(self) -> int:
        if not self._breaker.admits(time.monotonic(), self._budget.records):
            return 0
        room = self._budget.room()
        return room if self._breaker.state is BreakerState.CLOSED else min(room, 1)

    async def _poll(self, stop: asyncio.Event, room: int) -> None:
        """Fetch and dispatch; without room only tell the group that we live."""
        if room:
            self._consumer.resume(*self._consumer.paused())
            fetching = self._consumer.getmany(timeout_ms=_POLL_MS, max_records=min(room, _MAX_POLL_RECORDS))
        else:
            self._consumer.pause(*self._consumer.assignment())
            fetching = self._consumer.getmany(timeout_ms=0, max_records=1)
        # getmany blocks while the group rebalances, which an outage can make very long. What a cancelled call had
        # fetched was never tracked, so it is delivered again.
        fetch = asyncio.ensure_future(fetching)
        try:
            await _first_of(stop.wait(), asyncio.shield(self._failed), also=fetch)
            if self._failed.done():
                self._failed.result()
            if fetch.done() and not stop.is_set():
                self._dispatch(fetch.result())
        except FATAL_ERRORS:
            raise
        except KafkaError as error:
            _log.warning("poll.failed", error_class=type(error).__name__, error=str(error))
            await _first_of(stop.wait(), timeout_seconds=1.0)
        finally:
            fetch.cancel()
            with suppress(asyncio.CancelledError, KafkaError):
                await fetch

    def _dispatch(self, batches: dict[TopicPartition, list[Any]]) -> None:
        for partition, messages in batches.items():
            assignment = self._assignments.get((partition.topic, partition.partition))
            if assignment is None:
                continue
            for message in messages:
                self._begin(
                    assignment,
                    SourceRecord(
                        topic=message.topic,
                        partition=message.partition,
                        offset=message.offset,
                        timestamp_ms=message.timestamp,
                        key=message.key,
                        value=message.value,
                        headers=tuple(message.headers),
                    ),
                )

    def _begin(self, assignment: Assignment, record: SourceRecord) -> None:
        self._activity += 1
        self._observer.record_received(record.topic, record.partition)
        self._budget.take(record.size_bytes)
        turn = assignment.lanes.enter(record.key)
        task = assignment.begin(record, self._work(assignment, record, turn))

        def release(done: asyncio.Task[None]) -> None:
            # A task that is cancelled before its first step runs no finally of its own.
            turn.leave()
            self._budget.give_back(record.size_bytes)
            self._fail_with(done)

        task.add_done_callback(release)

    async def _work(self, assignment: Assignment, record: SourceRecord, turn: Turn) -> None:
        with structlog.contextvars.bound_contextvars(
            topic=record.topic, partition=record.partition, offset=record.offset
        ):
            try:
                disposition = await self._processor.process(assignment, record, turn)
            except RecordAbandonedError:
                return
        seconds = assignment.finish(record.offset)
        self._activity += 1
        self._judge(failed=disposition is not None)
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

    def _fail_with(self, task: asyncio.Task[None]) -> None:
        """Let an error that nothing handled end the session, instead of leaving a record unfinished for ever."""
        if not task.cancelled() and (error := task.exception()) and not self._failed.done():
            self._failed.set_exception(error)

    async def _commit_regularly(self) -> None:
        while True:
            await asyncio.sleep(self._settings.commit_interval_seconds)
            self._report_in_flight()
            await self._committer.commit(self._assignments.values())

    def _report_in_flight(self) -> None:
        oldest_seconds = max((item.oldest_seconds for item in self._assignments.values()), default=0.0)
        self._observer.in_flight(
            records=self._budget.records, bytes_held=self._budget.bytes_held, oldest_seconds=oldest_seconds
        )

    async def _watch(self) -> None:
        watchdog = Watchdog(self._settings.stall_seconds)
        while True:
            await asyncio.sleep(self._settings.lag_interval_seconds)
            lag_records = await measure_lag(self._consumer, self._assignments.values(), self._observer)
            if self._breaker.state is not BreakerState.CLOSED:
                lag_records = None
            activity = self._activity + self._processor.activity
            watchdog.observe(now=time.monotonic(), activity=activity, lag_records=lag_records)

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        for partition in assigned:
            key = (partition.topic, partition.partition)
            self._assignments[key] = Assignment(*key)
        self.joined = True
        self._observer.partitions_assigned(frozenset(self._assignments))
        _log.info("group.assigned", partitions=sorted(number for _, number in self._assignments))

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        """Finish and commit before the partitions go; the group waits for this call (A7)."""
        try:
            await self._release([(partition.topic, partition.partition) for partition in revoked])
        except Exception as error:  # noqa: BLE001 - aiokafka would log and swallow it (A8)
            if not self._failed.done():
                self._failed.set_exception(error)

    async def _release(self, keys: list[tuple[str, int]]) -> None:
        # Taken out first: what is fetched from here on belongs to the next owner.
        leaving = [item for key in keys if (item := self._assignments.pop(key, None))]
        if not leaving:
            return
        abandoned = await drain(leaving, self._settings.drain_seconds)
        committed = await self._committer.commit(leaving)
        self._observer.partitions_revoked(frozenset((item.topic, item.partition) for item in leaving))
        _log.info("group.revoked", partitions=len(leaving), abandoned=abandoned, committed=committed)

    async def _leave(self) -> None:
        self.joined = False
        await self._release(list(self._assignments))
        with suppress(TimeoutError, KafkaError, asyncio.CancelledError):
            async with asyncio.timeout(_CLIENT_TIMEOUT_SECONDS):
                await self._consumer.stop()
        if self._failed.done():
            self._failed.exception()  # retrieved, so that asyncio does not complain
        else:
            self._failed.cancel()


_BREAKER_HELP = (
    "most records fail: the fault is systemic, intake is stopped. See the dead letters (aegis dlq, or kcat); "
    "one record is tried after each cool-down, and success closes the breaker"
)


async def _first_of(*waits: Any, also: asyncio.Future[Any] | None = None, timeout_seconds: float | None = None) -> None:
    """Return when the first of these is done, or after the timeout; ``waits`` are cancelled, ``also`` is left alone."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait([*tasks, *([also] if also else [])], timeout=timeout_seconds, return_when="FIRST_COMPLETED")
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

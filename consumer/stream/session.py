"""One life of a Kafka consumer: from joining the group to leaving it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Protocol

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import (
    AuthenticationFailedError,
    GroupAuthorizationFailedError,
    IllegalStateError,
    KafkaError,
    TopicAuthorizationFailedError,
    UnsupportedCodecError,
)

from consumer.stream.breaker import Breaker, BreakerState
from consumer.stream.closing import close_consumer
from consumer.stream.commits import Committer
from consumer.stream.intake import Intake
from consumer.stream.lag import measure_lag
from consumer.stream.observer import StreamObserver
from consumer.stream.ownership import Ownership
from consumer.stream.processor import RecordProcessor
from consumer.stream.records import SourceRecord
from consumer.stream.settings import StreamSettings
from consumer.stream.waits import end, first_of
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
_MAX_POLL_RECORDS = 100
# aiokafka leaves the group when getmany is not called for max_poll_interval_ms (5 minutes).
_KEEP_ALIVE_SECONDS = 30.0
_CLOSE_SECONDS = 10.0


class ConsumerFactory(Protocol):
    def __call__(self) -> AIOKafkaConsumer: ...


class OffsetsWentBackError(Exception):
    """A partition goes on before where it was: its log was cut, or made anew."""


class Session:
    """Receives, dispatches, commits, for as long as one consumer lives."""

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
        self._breaker = breaker
        self._observer = observer
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._committer = Committer(self._consumer, settings.commit_timeout_seconds, observer)
        self._owned = Ownership(self._committer, settings.drain_seconds, observer, self._fail)
        self._intake = Intake(settings, processor, breaker, observer, self._fail)
        self._poll_error: str | None = None
        self._brokers_answer = True

    @property
    def received_any(self) -> bool:
        """Whether this consumer ever delivered a record."""
        return self._intake.received > 0

    def problem(self) -> str | None:
        """Return why this session takes no work, None when it does; an empty assignment is fine."""
        if not self._owned.is_member:
            return "not a member of the consumer group"
        if not self._brokers_answer:
            return "Kafka does not answer"
        return None

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until ``stop`` is set, then drain, commit and leave the group.

        Raises:
            StalledError: the consumer silently stopped delivering.
            OffsetsWentBackError: a new session is needed.
            KafkaError: one of :data:`FATAL_ERRORS`.

        """
        try:
            if await self._start(stop):
                await self._consume(stop)
        finally:
            await self._leave()

    async def _start(self, stop: asyncio.Event) -> bool:
        """Connect and subscribe; False when stopped before."""
        if await self._reach(self._consumer.start, stop) and await self._reach(self._topic_appears, stop):
            self._consumer.subscribe([self._settings.topic], listener=self._owned)
            return True
        return False

    async def _reach(self, call: Callable[[], Awaitable[None]], stop: asyncio.Event) -> bool:
        """Call until it succeeds, for as long as the brokers cannot be reached; False when stopped before."""
        attempt = 0
        while not stop.is_set():
            calling = asyncio.ensure_future(call())
            try:
                await first_of(stop.wait(), also=calling)
                if calling.done():
                    calling.result()
                    return True
            except FATAL_ERRORS:
                raise
            except KafkaError as error:
                attempt += 1
                delay_seconds = self._settings.backoff.delay_seconds(attempt)
                _log.warning("kafka.unreachable", error=str(error), retry_in_seconds=round(delay_seconds, 1))
                await first_of(stop.wait(), timeout_seconds=delay_seconds)
            finally:
                await end(calling)
        return False

    async def _topic_appears(self) -> None:
        while self._settings.topic not in await self._consumer.topics():
            _log.warning("topic.missing", topic=self._settings.topic, help="create it: aegis topics apply")
            await asyncio.sleep(5.0)

    async def _consume(self, stop: asyncio.Event) -> None:
        background = [asyncio.create_task(work) for work in (self._commit_regularly(), self._watch())]
        for task in background:
            task.add_done_callback(self._background_ended)
        try:
            await self._poll_until(stop)
        finally:
            for task in background:
                await end(task)

    async def _poll_until(self, stop: asyncio.Event) -> None:
        polled_at = time.monotonic()
        while not stop.is_set():
            room = self._intake.room()
            if not room:
                await first_of(stop.wait(), self._intake.budget.wait_for_room(), timeout_seconds=1.0)
                self._raise_failure()
                if self._intake.room() or time.monotonic() - polled_at < _KEEP_ALIVE_SECONDS:
                    continue
            await self._poll(stop, room)
            polled_at = time.monotonic()

    async def _poll(self, stop: asyncio.Event, room: int) -> None:
        # getmany blocks while the group rebalances, which an outage can make very long.
        fetching = asyncio.ensure_future(self._receive(room))
        try:
            await first_of(stop.wait(), asyncio.shield(self._failed), also=fetching)
            self._raise_failure()
            if fetching.done():
                fetching.result()
                self._poll_error = None
        except FATAL_ERRORS:
            raise
        except KafkaError as error:
            self._poll_error = f"{type(error).__name__}: {error}"
            _log.warning("poll.failed", error_class=type(error).__name__, error=str(error))
            await first_of(stop.wait(), timeout_seconds=1.0)
        finally:
            await end(fetching)

    async def _receive(self, room: int) -> None:
        """Fetch and dispatch; without room only tell the group that we live."""
        if room:
            self._consumer.resume(*self._consumer.paused())
            size = min(room, _MAX_POLL_RECORDS)
            batches = await self._consumer.getmany(timeout_ms=_POLL_MS, max_records=size)
        else:
            self._consumer.pause(*self._consumer.assignment())
            batches = await self._consumer.getmany(timeout_ms=0, max_records=1)
        # Nothing is awaited between getmany's end and here: its records are past the consumer's position, so whatever
        # of them is not tracked in this very step would be committed over, and lost.
        for partition, messages in batches.items():
            self._dispatch(partition, messages)

    def _dispatch(self, partition: TopicPartition, messages: list[Any]) -> None:
        assignment = self._owned.of(partition)
        first = messages[0].offset
        if assignment is None:
            # Not ours (any more). Should we own it after all, it comes again.
            with suppress(IllegalStateError):
                self._consumer.seek(partition, first)
            return
        if not assignment.ledger.is_next(first):
            raise OffsetsWentBackError(f"{partition.topic}[{partition.partition}] goes on at offset {first}")
        for message in messages:
            record = SourceRecord(
                topic=message.topic,
                partition=message.partition,
                offset=message.offset,
                timestamp_ms=message.timestamp,
                key=message.key,
                value=message.value,
                headers=tuple(message.headers),
            )
            self._intake.accept(assignment, record)

    async def _commit_regularly(self) -> None:
        while True:
            await asyncio.sleep(self._settings.commit_interval_seconds)
            oldest_seconds = max((item.oldest_seconds for item in self._owned), default=0.0)
            budget = self._intake.budget
            self._observer.in_flight(
                records=budget.records, bytes_held=budget.bytes_held, oldest_seconds=oldest_seconds
            )
            await self._committer.commit(self._owned)

    async def _watch(self) -> None:
        watchdog = Watchdog(self._settings.stall_seconds)
        while True:
            await asyncio.sleep(self._settings.lag_interval_seconds)
            expected = await self._expected()
            watchdog.observe(now=time.monotonic(), activity=self._intake.activity, expected=expected)

    async def _expected(self) -> str | None:
        """Return why something should happen soon, None where nothing need, or nobody can tell."""
        lag_records = await measure_lag(self._consumer, self._owned, self._observer)
        self._brokers_answer = lag_records is not None
        if lag_records is None or self._breaker.state is not BreakerState.CLOSED:
            return None
        if self._poll_error is not None:
            return f"polling fails ({self._poll_error})"
        if not self._owned.is_member:
            return "the group does not let us in"
        return f"{lag_records} records are waiting" if lag_records else None

    def _fail(self, error: BaseException | None) -> None:
        """Let an error that nothing handled end the session, instead of leaving a record unfinished for ever."""
        if error is not None and not self._failed.done():
            self._failed.set_exception(error)

    def _background_ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            self._fail(task.exception())

    def _raise_failure(self) -> None:
        if self._failed.done():
            self._failed.result()

    async def _leave(self) -> None:
        await self._owned.release()
        await close_consumer(self._consumer, _CLOSE_SECONDS)
        if self._failed.done():
            self._failed.exception()  # retrieved, so that asyncio does not complain
        else:
            self._failed.cancel()

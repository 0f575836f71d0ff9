"""One life of a Kafka consumer: from joining the group to leaving it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from consumer.concurrency.waits import end, first_of
from consumer.kafka.clients import member_id
from consumer.kafka.closing import abandon_consumer, close_consumer
from consumer.kafka.errors import FATAL_ERRORS, is_fenced
from consumer.stream.connecting import connect
from consumer.stream.failures.breaker import Breaker
from consumer.stream.observer import StreamObserver
from consumer.stream.partitions.assignment import Assignment
from consumer.stream.partitions.commits import Commits, Committer, PlainCommits
from consumer.stream.partitions.ownership import Ownership
from consumer.stream.partitions.positions import Positions
from consumer.stream.partitions.source_topics import SourceTopics
from consumer.stream.partitions.static_member import InstanceIdTakenError, PlaceLostError, StaticMember
from consumer.stream.polling import Poller
from consumer.stream.processing.intake import Intake
from consumer.stream.processing.processor import RecordProcessor
from consumer.stream.settings import StreamSettings
from consumer.stream.stuck import StuckPartitions
from consumer.stream.watching import KnownOutage, Watch

_log = structlog.get_logger(__name__)

# aiokafka leaves the group when getmany is not called for max_poll_interval_ms (5 minutes).
_KEEP_ALIVE_SECONDS = 30.0
_CLOSE_SECONDS = 10.0


class ConsumerFactory(Protocol):
    def __call__(self) -> AIOKafkaConsumer: ...


class Session:
    """Receives, dispatches, commits, for as long as one consumer lives."""

    def __init__(
        self,
        settings: StreamSettings,
        make_consumer: ConsumerFactory,
        processor: RecordProcessor,
        breaker: Breaker,
        observer: StreamObserver,
        *,
        member: StaticMember,
        source: SourceTopics,
        stuck: StuckPartitions,
        known_outage: KnownOutage,
        make_commits: Callable[[AIOKafkaConsumer], Commits] | None = None,
        on_drain: Callable[[], None] = lambda: None,
    ) -> None:
        self._settings = settings
        self._consumer = make_consumer()
        self._observer = observer
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        commits = make_commits(self._consumer) if make_commits else PlainCommits(self._consumer, source)
        self._committer = Committer(commits, settings.commit_timeout_seconds, observer)
        self._member = member
        self._source = source
        self._positions = Positions(self._consumer, source, observer)
        self._owned = Ownership(
            self._committer,
            settings.drain_seconds,
            observer,
            self._fail,
            on_assigned=self._assigned,
            on_revoked=self._revoked,
            on_abandoned=processor.withdraw,
            on_drain=on_drain,
        )
        self._intake = Intake(settings, processor, breaker, observer, self._fail)
        self._poller = Poller(self._consumer, self._owned, self._intake)
        self._watch = Watch(
            self._consumer,
            self._owned,
            self._intake,
            settings,
            self._positions,
            breaker=breaker,
            observer=observer,
            source=source,
            stuck=stuck,
            known_outage=known_outage,
        )

    @property
    def finished_any(self) -> bool:
        """Whether any record that this consumer delivered reached its outcome."""
        return self._intake.finished > 0

    def problem(self) -> str | None:
        """Return why this session takes no work, None when it does; an empty assignment is fine."""
        return self._watch.problem()

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until ``stop`` is set, then drain, commit and leave the group.

        Raises:
            StalledError: the consumer silently stopped delivering.
            OffsetsWentBackError, TopicMadeAnewError, PlaceLostError: a new session is needed.
            InstanceIdTakenError: another process goes by our name in the group.
            KafkaError: one of :data:`FATAL_ERRORS`.

        """
        try:
            topics, backoff = self._settings.topics, self._settings.backoff
            if await connect(self._consumer, topics, self._source, self._owned, backoff=backoff, stop=stop):
                await self._consume(stop)
        finally:
            await self._leave()

    async def _consume(self, stop: asyncio.Event) -> None:
        works = self._commit_regularly(), self._watch.run(), self._positions.keep_placing(self._owned)
        background = [asyncio.create_task(work) for work in works]
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
                await first_of(stop.wait(), self._intake.less_in_flight(), timeout_seconds=1.0)
                self._raise_failure()
                if self._intake.room() or time.monotonic() - polled_at < _KEEP_ALIVE_SECONDS:
                    continue
            await self._poll(stop, room)
            polled_at = time.monotonic()

    async def _poll(self, stop: asyncio.Event, room: int) -> None:
        # getmany blocks while the group rebalances, which an outage can make very long.
        fetching = asyncio.ensure_future(self._poller.receive(room))
        try:
            await first_of(stop.wait(), asyncio.shield(self._failed), also=fetching)
            self._raise_failure()
            if fetching.done():
                fetching.result()
                self._watch.poll_error = None
        except FATAL_ERRORS:
            raise
        except KafkaError as error:
            if is_fenced(error):
                self._fail(self._member.fenced(time.monotonic()))
                self._raise_failure()
            self._watch.poll_error = f"{type(error).__name__}: {error}"
            _log.warning("poll.failed", error_class=type(error).__name__, error=str(error))
            await first_of(stop.wait(), timeout_seconds=1.0)
        finally:
            await end(fetching)

    async def _assigned(self, assignments: list[Assignment]) -> None:
        self._member.joined(member_id(self._consumer), time.monotonic())
        await self._positions.check_start(assignments)

    async def _revoked(self) -> None:
        if member_id(self._consumer):
            return
        try:
            self._member.lost(time.monotonic())
        except InstanceIdTakenError as error:
            self._fail(error)
            # aiokafka joins again after this call, and would throw out the one that is to stay: wait to be abandoned.
            await asyncio.Event().wait()

    async def _commit_regularly(self) -> None:
        while True:
            await asyncio.sleep(self._settings.commit_interval_seconds)
            oldest_seconds = max((item.oldest_seconds for item in self._owned), default=0.0)
            budget = self._intake.budget
            self._observer.in_flight(
                records=budget.records, bytes_held=budget.bytes_held, oldest_seconds=oldest_seconds
            )
            await self._committer.commit(self._owned)

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
        if self._is_taken():
            await abandon_consumer(self._consumer)
        else:
            await close_consumer(self._consumer, _CLOSE_SECONDS)
        if self._failed.done():
            self._failed.exception()  # retrieved, so that asyncio does not complain
        else:
            self._failed.cancel()

    def _is_taken(self) -> bool:
        lost = (InstanceIdTakenError, PlaceLostError)
        return self._failed.done() and isinstance(self._failed.exception(), lost)

"""The stream engine: sessions one after another, until told to stop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import structlog
from aiokafka import AIOKafkaConsumer

from consumer.kafka.publisher import Publisher
from consumer.stream.failures.breaker import Breaker, BreakerState
from consumer.stream.failures.faults import FaultTable
from consumer.stream.handler import Handler
from consumer.stream.observer import StreamObserver
from consumer.stream.partitions.commits import Commits
from consumer.stream.partitions.source_topics import SourceTopics, TopicMadeAnewError
from consumer.stream.partitions.static_member import PlaceLostError, StaticMember
from consumer.stream.polling import OffsetsWentBackError
from consumer.stream.processing.processor import RecordProcessor
from consumer.stream.session import ConsumerFactory, Session
from consumer.stream.settings import StreamSettings
from consumer.stream.stuck import StuckPartitions
from consumer.stream.watchdog import StalledError
from consumer.stream.watching import KnownOutage

_log = structlog.get_logger(__name__)


class StreamEngine:
    """Feeds a handler with the records of its topics and keeps the promises of docs/delivery.md."""

    def __init__(
        self,
        settings: StreamSettings,
        handler: Handler,
        faults: FaultTable,
        *,
        make_consumer: ConsumerFactory,
        publisher: Publisher,
        observer: StreamObserver,
        make_commits: Callable[[AIOKafkaConsumer], Commits] | None = None,
        known_outage: KnownOutage = lambda: None,
        source: SourceTopics | None = None,
        on_drain: Callable[[], None] = lambda: None,
    ) -> None:
        """``on_drain`` is called when work in flight delays a rebalance or a shutdown: who gathers, hurries up then."""
        self._settings = settings
        self._make_consumer = make_consumer
        self._make_commits = make_commits
        self._publisher = publisher
        self._observer = observer
        self._known_outage = known_outage
        self._breaker = Breaker(settings.breaker)
        self._member = StaticMember(settings.group_instance_id, settings.group, settings.session_timeout_seconds)
        self._source = source or SourceTopics(settings.topics)
        self._on_drain = on_drain
        self._stuck = StuckPartitions(settings.stuck_seconds, observer)
        self._processor = RecordProcessor(settings, handler, faults, publisher, observer)
        self._session: Session | None = None
        self._draining = False
        self._rebuilt = False
        self._stalled: str | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until ``stop`` is set; then finish what is in flight, commit and leave the group.

        Raises:
            KafkaError: the brokers refuse us (authentication, authorization, codec); waiting would not help.
            InstanceIdTakenError: another process goes by our name in the group.

        """
        watcher = asyncio.create_task(self._note_draining(stop))
        try:
            while not stop.is_set():
                await self._run_session(stop)
        finally:
            watcher.cancel()
            await self._publisher.stop()

    async def _run_session(self, stop: asyncio.Event) -> None:
        self._session = Session(
            self._settings,
            self._make_consumer,
            self._processor,
            self._breaker,
            self._observer,
            member=self._member,
            source=self._source,
            stuck=self._stuck,
            known_outage=self._known_outage,
            make_commits=self._make_commits,
            on_drain=self._on_drain,
        )
        try:
            await self._session.run(stop)
        except (OffsetsWentBackError, TopicMadeAnewError) as error:
            _log.warning("consumer.repositioned", reason=str(error))
        except PlaceLostError as error:
            _log.warning("consumer.rejoins", reason=str(error))
        except StalledError as stall:
            if self._rebuilt and not self._session.finished_any:
                # A new consumer did not help, so the process must go; until then it keeps answering probes.
                self._stalled = f"{stall}, although its consumer was rebuilt"
                _log.error("consumer.stalled", reason=self._stalled, help="liveness fails: restart the process")
                await stop.wait()
                return
            self._rebuilt = True
            self._observer.consumer_rebuilt()
            _log.error("consumer.rebuilt", reason=str(stall))

    async def _note_draining(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._draining = True

    def liveness_problem(self) -> str | None:
        """Return why the process should be restarted, None while it is fine."""
        return self._stalled

    def readiness_problem(self) -> str | None:
        """Return why the process takes no work, None when it does; an empty assignment is ready."""
        if self._draining:
            return "draining: finishing what is in flight"
        if problem := self._member.problem(time.monotonic()):
            return problem
        if self._session is None or (problem := self._session.problem()):
            return problem if self._session else "starting up"
        if self._breaker.state is not BreakerState.CLOSED:
            return "the breaker is open: most records failed, intake is stopped"
        return None

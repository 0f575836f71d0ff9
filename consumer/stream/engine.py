"""The stream engine: sessions one after another, until told to stop."""

from __future__ import annotations

import asyncio

import structlog

from consumer.stream.breaker import Breaker, BreakerState
from consumer.stream.faults import FaultTable
from consumer.stream.observer import StreamObserver
from consumer.stream.processor import RecordProcessor
from consumer.stream.publisher import Publisher
from consumer.stream.records import Handler
from consumer.stream.session import ConsumerFactory, OffsetsWentBackError, Session
from consumer.stream.settings import StreamSettings
from consumer.stream.watchdog import StalledError

_log = structlog.get_logger(__name__)


class StreamEngine:
    """Feeds a handler with the records of one topic and keeps the promises of docs/delivery.md."""

    def __init__(
        self,
        settings: StreamSettings,
        handler: Handler,
        faults: FaultTable,
        *,
        make_consumer: ConsumerFactory,
        publisher: Publisher,
        observer: StreamObserver,
    ) -> None:
        self._settings = settings
        self._make_consumer = make_consumer
        self._publisher = publisher
        self._observer = observer
        self._breaker = Breaker(settings.breaker)
        self._processor = RecordProcessor(settings, handler, faults, publisher, observer)
        self._session: Session | None = None
        self._draining = False
        self._rebuilt = False
        self._stalled: str | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until ``stop`` is set; then finish what is in flight, commit and leave the group.

        Raises:
            KafkaError: the brokers refuse us (authentication, authorization, codec); waiting would not help.

        """
        watcher = asyncio.create_task(self._note_draining(stop))
        try:
            while not stop.is_set():
                await self._run_session(stop)
        finally:
            watcher.cancel()
            await self._publisher.stop()

    async def _run_session(self, stop: asyncio.Event) -> None:
        self._session = Session(self._settings, self._make_consumer, self._processor, self._breaker, self._observer)
        try:
            await self._session.run(stop)
        except OffsetsWentBackError as error:
            _log.error("consumer.rebuilt", reason=str(error))
        except StalledError as stall:
            if self._rebuilt and not self._session.received_any:
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
        if self._session is None or (problem := self._session.problem()):
            return problem if self._session else "starting up"
        if self._breaker.state is not BreakerState.CLOSED:
            return "the breaker is open: most records failed, intake is stopped"
        return None

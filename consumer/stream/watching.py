"""Looking whether a session does what it should: its lag, its place in the group, its progress."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from aiokafka import AIOKafkaConsumer

from consumer.kafka.diagnosis import check_access
from consumer.stream.failures.breaker import Breaker, BreakerState
from consumer.stream.lag import measure_lag
from consumer.stream.observer import StreamObserver
from consumer.stream.partitions.ownership import Ownership
from consumer.stream.partitions.positions import Positions
from consumer.stream.partitions.source_topics import SourceTopics
from consumer.stream.processing.intake import Intake
from consumer.stream.settings import StreamSettings
from consumer.stream.stuck import StuckPartitions
from consumer.stream.watchdog import Watchdog

# What readiness tells of the services that the handler needs, None while they answer.
KnownOutage = Callable[[], str | None]


class Watch:
    """Measures one session's lag, and tells a stall from quiet."""

    def __init__(
        self,
        consumer: AIOKafkaConsumer,
        owned: Ownership,
        intake: Intake,
        settings: StreamSettings,
        positions: Positions,
        *,
        breaker: Breaker,
        observer: StreamObserver,
        source: SourceTopics,
        stuck: StuckPartitions,
        known_outage: KnownOutage,
    ) -> None:
        self._lag_interval_seconds = settings.lag_interval_seconds
        self._watchdog = Watchdog(settings.stall_seconds)
        self._consumer = consumer
        self._owned = owned
        self._intake = intake
        self._positions = positions
        self._breaker = breaker
        self._observer = observer
        self._brokers_answer = True
        self._known_outage = known_outage
        self._source = source
        self._stuck = stuck
        # Why the newest poll failed; whoever polls says so.
        self.poll_error: str | None = None

    def problem(self) -> str | None:
        """Return why the session takes no work, None when it does; an empty assignment is fine."""
        if not self._owned.is_member:
            return "not a member of the consumer group"
        if not self._brokers_answer:
            return "Kafka does not answer"
        unburied = (why for item in self._owned for why in item.unburied.values())
        return next(unburied, None) or self._stuck.problem()

    async def run(self) -> None:
        """Look again and again.

        Raises:
            StalledError: the consumer silently stopped delivering.
            TopicMadeAnewError: what is read is no more.

        """
        while True:
            await asyncio.sleep(self._lag_interval_seconds)
            await self._source.check_unless_away(self._consumer)
            expected = await self._expected()
            await self._positions.check_gaps(self._owned)
            self._stuck.look(self._owned, time.monotonic(), is_outage=self._is_outage())
            self._watchdog.observe(now=time.monotonic(), activity=self._intake.activity, expected=expected)

    def _is_outage(self) -> bool:
        return (
            self._known_outage() is not None
            or not self._brokers_answer
            or self._breaker.state is not BreakerState.CLOSED
        )

    async def _expected(self) -> str | None:
        """Return why something should happen soon, None where nothing need, or nobody can tell."""
        lag_records = await measure_lag(self._consumer, self._owned, self._observer)
        self._brokers_answer = lag_records is not None
        if not self._brokers_answer:
            await check_access(self._consumer)
        # Open, it admits nothing for a while; after that it waits for a record, and one must come.
        if lag_records is None or self._breaker.state is BreakerState.OPEN:
            return None
        if self.poll_error is not None:
            return f"polling fails ({self.poll_error})"
        if not self._owned.is_member:
            return "the group does not let us in"
        return f"{lag_records} records are waiting" if lag_records else None

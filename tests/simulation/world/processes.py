"""Processes with a real engine inside: how they begin, are killed, and end."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaProducer

from consumer.concurrency.batching import Batcher
from consumer.concurrency.deadline import off_the_clock
from consumer.kafka.publisher import Publisher
from consumer.kafka.records import Publication, SourceRecord
from consumer.services.faults import sink_faults
from consumer.services.storing.sink import StoringHandler, measured
from consumer.storage.tables.tags import TagStore
from consumer.stream.engine import StreamEngine
from consumer.stream.failures.faults import FaultTable
from consumer.stream.observer import SilentObserver
from consumer.stream.settings import StreamSettings
from schemas import Disposition, MalformedEventError, Stage
from tests.simulation.plan import FaultKind, Nature, Service
from tests.simulation.promises import Promise
from tests.simulation.world.broker import OUTPUT, TOO_LARGE_BYTES, UNTIMELY_MS
from tests.simulation.world.consumer import SimulatedConsumer
from tests.simulation.world.group import REBALANCE_TIMEOUT_SECONDS
from tests.simulation.world.producer import simulated_producer
from tests.simulation.world.source import TOPIC

if TYPE_CHECKING:
    from tests.simulation.world.world import World

SESSION_TIMEOUT_SECONDS = 10.0
DRAIN_SECONDS = 5.0
# Draining, committing, closing consumer and producer: each has its own deadline.
STOP_SECONDS = 45.0
MAX_RECORDS = 8
# Stuck, looked at once more, and drained.
TELLS_STUCK_SECONDS = 20.0
_TIMES_TRANSIENT = 3
_MAX_BATCH = 6

SETTINGS = StreamSettings(
    topic=TOPIC,
    group="simulation",
    max_records_in_flight=MAX_RECORDS,
    commit_interval_seconds=2.0,
    drain_seconds=DRAIN_SECONDS,
    session_timeout_seconds=SESSION_TIMEOUT_SECONDS,
    rebalance_timeout_seconds=REBALANCE_TIMEOUT_SECONDS,
    record_timeout_seconds=10.0,
    publish_timeout_seconds=20.0,
    max_unknown_attempts=2,
    unknown_seconds=3.0,
    retry_cap_seconds=5.0,
    breaker_window=10,
    breaker_in_a_row=6,
    breaker_cool_down_seconds=5.0,
    stall_seconds=25.0,
    stuck_seconds=8.0,
    lag_interval_seconds=4.0,
)


class SimulatedProcess(SilentObserver):
    """One process: its engine, its clients, and what its operator sees; once killed it reaches nobody any more."""

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.state = world.state
        self.name = name
        self.is_killed = False
        self.is_forgotten = False
        self.is_deaf = False
        self.is_stuck = False
        self.told_stuck = False
        self.systemic_letters = 0
        self.consumers: list[SimulatedConsumer] = []
        self.producers: list[AIOKafkaProducer] = []
        self.died: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._stop = asyncio.Event()
        self._assignments = 0
        self._in_flight = 0
        self._tries: dict[int, int] = {}
        # By assignment and record: since when work on it hangs.
        self._hanging: dict[tuple[int, int, int], float] = {}
        self.engine = StreamEngine(
            SETTINGS,
            _Tagging(self) if self.state.plan.service is Service.TAGGER else _Storing(self, self._storing()),
            FaultTable(()) if self.state.plan.service is Service.TAGGER else sink_faults(),
            make_consumer=lambda: SimulatedConsumer(self),
            publisher=Publisher(lambda: simulated_producer(self, world.broker), SETTINGS.publish_timeout_seconds),
            observer=self,
        )
        self.task = asyncio.create_task(self.engine.run(self._stop), name=name)

    async def lives(self) -> None:
        """Return at once, or never: a killed process reaches nobody."""
        if self.is_killed:
            await asyncio.get_running_loop().create_future()

    def kill(self) -> None:
        self.state.note(f"{self.name} is killed")
        self.is_killed = True
        self.died.set_result(None)
        self.world.database.forget(self)
        self.state.loop.call_later(SESSION_TIMEOUT_SECONDS, self._forget)

    def _forget(self) -> None:
        self.is_forgotten = True
        self.world.group.rebalance()

    def shut_down(self) -> None:
        self.state.note(f"{self.name} is told to stop")
        self._stop.set()

    async def ended(self) -> None:
        """Wait until it ended after it was told to."""
        await asyncio.wait([self.task, self.died], timeout=STOP_SECONDS, return_when="FIRST_COMPLETED")
        if not self.task.done() and not self.is_killed:
            self.state.broken(
                Promise.ENDS_WHEN_TOLD, f"{self.name} runs {STOP_SECONDS:.0f} s after it was told to stop"
            )

    @property
    def was_told_to_stop(self) -> bool:
        return self._stop.is_set()

    @property
    def is_running(self) -> bool:
        return not self.is_killed and not self.task.done()

    @property
    def hangs_seconds(self) -> float:
        """How long the work on a record has hung without a break; 0 where none hangs."""
        return self.state.loop.now - min(self._hanging.values(), default=self.state.loop.now)

    # What the engine tells.

    def partitions_assigned(self, partitions: frozenset[tuple[str, int]]) -> None:
        self._assignments += 1
        self._in_flight = 0
        self.state.note(f"{self.name} has partitions {sorted(number for _, number in partitions)}")

    def record_received(self, topic: str, partition: int) -> None:  # noqa: ARG002 - the observer's signature
        self._in_flight += 1
        if self._in_flight > MAX_RECORDS:
            self.state.broken(Promise.MEMORY_BOUNDED, f"{self.name} has {self._in_flight} records in flight")

    def record_finished(self, topic: str, partition: int, *, seconds: float) -> None:  # noqa: ARG002 - as above
        self._in_flight = max(0, self._in_flight - 1)

    def partitions_stuck(self, count: int) -> None:
        self.told_stuck = self.told_stuck or count > 0

    def position_moved(self, topic: str, partition: int, *, reason: str) -> None:  # noqa: ARG002 - as above
        self.world.judge.told(self.name, partition)

    def dead_lettered(self, error_class: str, stage: Stage, disposition: Disposition) -> None:  # noqa: ARG002 - as above
        self.systemic_letters += self.state.lasts(FaultKind.SYSTEMIC)

    def consumer_rebuilt(self) -> None:
        self.state.counts["consumers rebuilt"] += 1
        self.state.note(f"{self.name} makes a new consumer")

    def __getattr__(self, name: str) -> Any:
        """Take whatever else services and engine measure."""
        return lambda *_, **__: None

    # What the services do.

    async def unless_stuck(self, records: Sequence[SourceRecord]) -> None:
        """Return at once, or never: work on these records hangs."""
        if not self.is_stuck:
            return
        places = [(self._assignments, record.partition, record.offset) for record in records]
        self._hanging.update(dict.fromkeys(places, self.state.loop.now))
        try:
            with off_the_clock():
                await asyncio.get_running_loop().create_future()
        finally:
            for place in places:
                del self._hanging[place]

    async def tag(self, record: SourceRecord) -> list[Publication]:
        epoch = self._assignments
        await self.lives()
        await self.state.delay(0.005, 0.3)
        await self.lives()
        planned = self.world.judge.message_at(record.timestamp_ms).planned
        tries = self._tries[planned.number] = self._tries.get(planned.number, 0) + 1
        if self.state.lasts(FaultKind.SYSTEMIC):
            raise MalformedEventError("everything fails")
        if self.state.lasts(FaultKind.STORE_OUTAGE) or (
            planned.nature is Nature.TRANSIENT and tries < _TIMES_TRANSIENT
        ):
            raise ConnectionError("the store is away")
        if planned.nature is Nature.SLOW:
            await self.state.delay(3, 8)
        if planned.nature is Nature.POISON:
            raise MalformedEventError("poison")
        if planned.nature is Nature.UNKNOWN:
            raise LookupError("nobody knows")
        value = b"%06d" % planned.number
        if planned.nature in {Nature.TOO_LARGE, Nature.HUGE}:
            value = value.ljust(TOO_LARGE_BYTES, b".")
        at_ms = UNTIMELY_MS if planned.nature is Nature.UNTIMELY else record.timestamp_ms
        place = (("process", self.name.encode()), ("epoch", b"%d" % epoch), ("offset", b"%d" % record.offset))
        return [Publication(OUTPUT, record.key, value, place, at_ms)]

    def _storing(self) -> StoringHandler:
        observer: Any = self
        store = TagStore(self.world.database.pool(self), observer)
        writer = Batcher(measured(store.write_isolating, observer), max_batch=_MAX_BATCH)
        return StoringHandler(writer, observer, reviewed_topic="asset-reviewed")


class _Tagging:
    """The tagger's handler, which may hang."""

    def __init__(self, process: SimulatedProcess) -> None:
        self._process = process

    async def __call__(self, record: SourceRecord, /) -> Sequence[Publication]:
        await self._process.unless_stuck([record])
        return await self._process.tag(record)


class _Storing:
    """The sink's handler, which may hang."""

    def __init__(self, process: SimulatedProcess, handler: StoringHandler) -> None:
        self._process = process
        self._handler = handler

    async def __call__(self, record: SourceRecord, /) -> Sequence[Publication]:
        await self._process.unless_stuck([record])
        return await self._handler(record)

    async def together(self, records: Sequence[SourceRecord], /) -> Sequence[bool]:
        await self._process.unless_stuck(records)
        return await self._handler.together(records)

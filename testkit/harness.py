"""Runs engines on the real Kafka, each with its own consumer, in one group."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from consumer.kafka.clients import make_consumer, make_producer
from consumer.kafka.publisher import Publisher
from consumer.kafka.records import Publication, SourceRecord
from consumer.stream.engine import StreamEngine
from consumer.stream.failures.faults import FaultTable
from consumer.stream.handler import Handler
from consumer.stream.observer import SilentObserver
from consumer.stream.settings import StreamSettings
from consumer.stream.watching import KnownOutage
from schemas.connections import KafkaConnection
from testkit.kafka_tools import committed, eventually, read_all


@dataclass(slots=True)
class Running:
    """One engine that runs."""

    engine: StreamEngine
    stop: asyncio.Event
    task: asyncio.Task[None]

    async def shut_down(self) -> None:
        self.stop.set()
        await self.task


@dataclass(slots=True)
class Harness:
    """A source topic, an output topic, and engines between them."""

    bootstrap: str
    source: str
    output: str
    settings: StreamSettings
    faults: FaultTable = field(default_factory=lambda: FaultTable(()))

    @property
    def dead_letters(self) -> str:
        return f"{self.source}.dlq"

    def start(
        self,
        handler: Handler,
        observer: SilentObserver | None = None,
        make: Callable[[], AIOKafkaConsumer] | None = None,
        known_outage: KnownOutage = lambda: None,
    ) -> Running:
        connection = KafkaConnection(bootstrap=self.bootstrap)
        engine = StreamEngine(
            self.settings,
            handler,
            self.faults,
            make_consumer=make or (lambda: make_consumer(connection, self.settings)),
            publisher=Publisher(lambda: make_producer(connection, "test"), self.settings.publish_timeout_seconds),
            observer=observer or SilentObserver(),
            known_outage=known_outage,
        )
        stop = asyncio.Event()
        return Running(engine, stop, asyncio.create_task(engine.run(stop)))

    @asynccontextmanager
    async def running(self, handler: Handler, observer: SilentObserver | None = None) -> AsyncIterator[Running]:
        engine = self.start(handler, observer)
        try:
            yield engine
        finally:
            await engine.shut_down()

    def tuned(self, **changes: object) -> Harness:
        """Return the same topics under other settings."""
        return replace(self, settings=self.settings.changed(**changes))

    async def committed(self) -> int:
        """Return the sum of all committed offsets."""
        return sum((await committed(self.bootstrap, self.settings.group, self.source)).values())

    async def until_committed(self, records: int) -> None:
        async def reached() -> bool:
            try:
                return await self.committed() >= records
            except KafkaError:
                # A broker that was started just now has no coordinator yet.
                return False

        await eventually(reached, f"{records} records committed")

    async def output_values(self) -> list[bytes | None]:
        return [item.value for item in await read_all(self.bootstrap, self.output)]

    def copy(self, record: SourceRecord) -> Publication:
        """Return the simplest result: the record itself."""
        return Publication(self.output, record.key, record.value, record.headers)


QUICK = StreamSettings(
    topic="",
    group="",
    commit_interval_seconds=0.1,
    lag_interval_seconds=0.2,
    drain_seconds=3,
    session_timeout_seconds=6,
    retry_first_seconds=0.02,
    retry_cap_seconds=0.2,
    unknown_seconds=0,
)

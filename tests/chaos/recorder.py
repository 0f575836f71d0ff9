"""What is seen of a run while it goes on, once a second."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

_SAMPLE_SECONDS = 1.0
_PATIENCE_SECONDS = 2.0

Offsets = Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Flow:
    """One consumer group on its topic: committed offsets and ends by partition."""

    committed: Offsets
    ends: Offsets

    @property
    def done(self) -> int:
        return sum(self.committed.values())

    @property
    def lag(self) -> int:
        return sum(end - self.committed.get(partition, 0) for partition, end in self.ends.items())

    @property
    def behind(self) -> frozenset[int]:
        """The partitions with a backlog."""
        return frozenset(number for number, end in self.ends.items() if end > self.committed.get(number, 0))


@dataclass(frozen=True, slots=True)
class Sample:
    """One look; None for what did not answer."""

    at_seconds: float
    published: int
    flows: Mapping[str, Flow] | None
    letters: int | None
    rows: int | None
    memory_bytes: Mapping[str, int]


@dataclass(slots=True)
class Watched:
    """Where to look: topics by consumer group, dead-letter topics, the database."""

    bootstrap: str
    topics: Mapping[str, str]
    dead_letters: tuple[str, ...]
    dsn: str
    partitions: int


@dataclass(slots=True)
class Recorder:
    """Takes samples until it is cancelled."""

    watched: Watched
    published: Callable[[], int]
    memory_bytes: Callable[[], dict[str, int]]
    samples: list[Sample] = field(default_factory=list)
    _started: float = field(default_factory=time.monotonic)

    @property
    def now_seconds(self) -> float:
        return time.monotonic() - self._started

    async def record(self) -> None:
        kafka = _Kafka(self.watched)
        try:
            while True:
                due = self.now_seconds + _SAMPLE_SECONDS
                (flows, letters), rows = await asyncio.gather(kafka.look(), _rows(self.watched.dsn))
                self.samples.append(
                    Sample(self.now_seconds, self.published(), flows, letters, rows, self.memory_bytes())
                )
                await asyncio.sleep(max(0.0, due - self.now_seconds))
        finally:
            await kafka.close()


class _Kafka:
    """Clients that are made anew after each outage."""

    def __init__(self, watched: Watched) -> None:
        self._watched = watched
        self._clients: tuple[AIOKafkaAdminClient, AIOKafkaConsumer] | None = None

    async def look(self) -> tuple[dict[str, Flow] | None, int | None]:
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                return await self._look(*await self._opened())
        except Exception:  # noqa: BLE001 - whatever it is: Kafka does not answer
            await self.close()
            return None, None

    async def _look(self, admin: AIOKafkaAdminClient, consumer: AIOKafkaConsumer) -> tuple[dict[str, Flow], int]:
        flows = {}
        for group, topic in self._watched.topics.items():
            held = await admin.list_consumer_group_offsets(group)
            committed = {tp.partition: found.offset for tp, found in held.items() if found.offset >= 0}
            flows[group] = Flow(committed, await self._ends(consumer, topic))
        letters = [await self._ends(consumer, topic) for topic in self._watched.dead_letters]
        return flows, sum(sum(ends.values()) for ends in letters)

    async def _ends(self, consumer: AIOKafkaConsumer, topic: str) -> dict[int, int]:
        partitions = [TopicPartition(topic, number) for number in range(self._watched.partitions)]
        return {tp.partition: end for tp, end in (await consumer.end_offsets(partitions)).items()}

    async def _opened(self) -> tuple[AIOKafkaAdminClient, AIOKafkaConsumer]:
        if self._clients is None:
            admin = AIOKafkaAdminClient(bootstrap_servers=self._watched.bootstrap, request_timeout_ms=2000)
            consumer = AIOKafkaConsumer(bootstrap_servers=self._watched.bootstrap, request_timeout_ms=2000)
            self._clients = (admin, consumer)
            await admin.start()
            await consumer.start()
        return self._clients

    async def close(self) -> None:
        clients, self._clients = self._clients, None
        if clients is not None:
            with suppress(Exception):
                async with asyncio.timeout(_PATIENCE_SECONDS):
                    await clients[0].close()
            with suppress(Exception):
                async with asyncio.timeout(_PATIENCE_SECONDS):
                    await clients[1].stop()


async def _rows(dsn: str) -> int | None:
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            connection = await asyncpg.connect(dsn)
            try:
                return int(await connection.fetchval("SELECT count(*) FROM aegis.assets"))
            finally:
                connection.terminate()
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, TimeoutError):
        return None

"""A consumer as aiokafka's: its place in the group, what it fetches, what it commits."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from aiokafka import TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaConnectionError, KafkaError

from consumer.stream.partitions.topic_ids import TopicIdRequest
from tests.simulation.plan import FaultKind
from tests.simulation.world.source import TOPIC, Message

if TYPE_CHECKING:
    from tests.simulation.world.processes import SimulatedProcess

_FEW = 5


class SimulatedConsumer:
    """What the engine uses of AIOKafkaConsumer, and of what lies behind it."""

    hosts = ()

    def __init__(self, process: SimulatedProcess) -> None:
        self.process = process
        self._state = process.state
        self._topic = process.world.topic
        self._group = process.world.group
        self._coordinator = self._fetcher = self._client = self
        self.listener: Any = None
        self.settled = asyncio.Event()
        self.hears_group_at = 0.0
        self.is_deaf = False
        self.generation = -1
        self._has_left = False
        self._positions: dict[TopicPartition, int] = {}
        self._paused: set[TopicPartition] = set()
        process.consumers.append(self)

    @property
    def is_gone(self) -> bool:
        return self._has_left or self.process.is_forgotten

    @property
    def hears_group(self) -> bool:
        return self._state.loop.now >= self.hears_group_at and not self.process.is_killed

    def take(self, share: set[TopicPartition], generation: int) -> None:
        """Become the owner of these partitions, from what is committed on."""
        self.generation = generation
        self._positions = {part: self._group.committed.get(part.partition, 0) for part in sorted(share)}
        for part in share:
            if part.partition not in self._group.committed:
                self.process.world.judge.moved(self.process.name, part.partition)
        self._paused.clear()
        self.settled.set()

    def rewind(self) -> None:
        """Go on before where it was, as after a log was cut; the group knows nothing of it."""
        for part, position in self._positions.items():
            self._positions[part] = position // 2
        self._state.note(f"{self.process.name}: its consumer goes back")

    # From here on as aiokafka has it.

    async def start(self) -> None:
        await self._answer("start fails")

    async def topics(self) -> set[str]:
        await self._answer()
        return {TOPIC}

    def subscribe(self, _topics: list[str], listener: Any) -> None:
        self.listener = listener
        self._group.members.append(self)
        self._group.rebalance()

    def assignment(self) -> set[TopicPartition]:
        return set(self._positions)

    def paused(self) -> set[TopicPartition]:
        return set(self._paused)

    def pause(self, *parts: TopicPartition) -> None:
        self._paused.update(parts)

    def resume(self, *parts: TopicPartition) -> None:
        self._paused.difference_update(parts)

    def seek(self, part: TopicPartition, offset: int) -> None:
        if part not in self._positions:
            raise IllegalStateError(f"{part} is not assigned")
        self._positions[part] = offset

    async def position(self, part: TopicPartition) -> int:
        await self.process.lives()
        if part not in self._positions:
            raise IllegalStateError(f"{part} is not assigned")
        return self._positions[part]

    async def fetch_committed_offsets(self, parts: Collection[TopicPartition]) -> dict[TopicPartition, Any]:
        await self._answer("lag fails")
        return {
            part: SimpleNamespace(
                offset=self._group.committed.get(part.partition, -1), metadata=self._group.labels.get(part.partition)
            )
            for part in parts
        }

    def get_random_node(self) -> int:
        return 0

    async def send(self, _node: int, request: Any) -> Any:
        assert isinstance(request, TopicIdRequest)
        await self._answer("lag fails")
        return SimpleNamespace(topics=[(0, TOPIC, self.process.world.topic_id)])

    async def beginning_offsets(self, parts: Collection[TopicPartition]) -> dict[TopicPartition, int]:
        await self._answer("lag fails")
        return dict.fromkeys(parts, 0)

    async def end_offsets(self, parts: Collection[TopicPartition]) -> dict[TopicPartition, int]:
        await self._answer("lag fails")
        return {part: self._topic[part.partition].end for part in parts}

    async def getmany(self, *, timeout_ms: int = 0, max_records: int = 1) -> dict[TopicPartition, list[Message]]:
        await self.process.lives()
        await self.settled.wait()
        await self._state.delay(0, 0.02)
        if self._state.flip("fetch fails"):
            raise KafkaError("the fetch failed")
        batches = self._fetched(max_records)
        if not batches and timeout_ms:
            await self._state.delay(timeout_ms / 1000, 10 * timeout_ms / 1000)
            batches = self._fetched(max_records)
        await self.process.lives()
        return batches

    def _fetched(self, max_records: int) -> dict[TopicPartition, list[Message]]:
        if self.is_deaf or self.process.is_deaf or self._state.lasts(FaultKind.KAFKA_OUTAGE):
            return {}
        batches = {}
        parts = [part for part in self._positions if part not in self._paused]
        self._state.rng.shuffle(parts)
        for part in parts:
            if self._positions[part] > self._topic[part.partition].end:
                # Out of range, so it is reset to the earliest.
                self._positions[part] = 0
            limit = min(max_records, self._state.rng.randint(1, _FEW))
            messages = self._topic[part.partition].from_offset(self._positions[part], limit)
            if messages:
                batches[part] = messages
                self._positions[part] = messages[-1].offset + 1
                max_records -= len(messages)
            if max_records <= 0:
                break
        return batches

    async def commit(self, offsets: Mapping[TopicPartition, tuple[int, str]]) -> None:
        await self._answer("commit fails")
        if self.generation != self._group.generation or self.is_gone:
            raise CommitFailedError("the group has rebalanced")
        if not offsets.keys() <= self._positions.keys():
            raise IllegalStateError("not assigned")
        for part, (offset, label) in offsets.items():
            if label in {"", self.process.world.label}:
                self.process.world.judge.committed(part.partition, self._group.reached(part.partition), offset)
            self._group.committed[part.partition] = offset
            self._group.labels[part.partition] = label
        self._state.note(
            f"{self.process.name} commits { ({p.partition: offset for p, (offset, _) in offsets.items()}) }"
        )
        if self._state.flip("commit's answer is lost"):
            raise KafkaError("the answer did not arrive")

    async def stop(self) -> None:
        await self.process.lives()
        await self._state.delay()
        self._leave()

    async def close(self) -> None:
        self._leave()

    def _leave(self) -> None:
        self._has_left = True
        self._positions = {}
        if self.hears_group:
            self._group.rebalance()

    async def _answer(self, failure: str = "") -> None:
        await self.process.lives()
        await self._state.delay()
        if self._state.lasts(FaultKind.KAFKA_OUTAGE):
            await self._state.delay(1, 6)
            raise KafkaConnectionError("the broker is away")
        if failure and self._state.flip(failure):
            raise KafkaError(failure)
        await self.process.lives()

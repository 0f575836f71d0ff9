"""aiokafka's own producer on a simulated connection: what it does with numbers and retries is real."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError, RequestTimedOutError
from aiokafka.protocol.produce import ProduceRequest

from consumer.kafka.clients import make_producer
from schemas.connections import KafkaConnection
from tests.simulation.plan import FaultKind
from tests.simulation.promises import Promise

if TYPE_CHECKING:
    from tests.simulation.world.broker import Broker
    from tests.simulation.world.processes import SimulatedProcess

_CONNECTION: Final = KafkaConnection(bootstrap="simulated:9092")
_PARTITIONS: Final = 3


def simulated_producer(process: SimulatedProcess, broker: Broker) -> AIOKafkaProducer:
    """Return a producer of the product whose requests reach the simulated broker."""
    producer = make_producer(_CONNECTION, "simulation")
    client = _Client(process, broker)
    producer.client = producer._metadata = client
    producer._sender.client = client
    accumulator = producer._message_accumulator
    accumulator._cluster = client
    accumulator._compression_type = 0
    accumulator._pending_batches = _InOrder()
    process.producers.append(producer)
    return producer


class _InOrder(dict[Any, None]):
    """A set that is iterated in the order of insertion."""

    def add(self, item: Any) -> None:
        self[item] = None

    def remove(self, item: Any) -> None:
        del self[item]

    def __iter__(self) -> Iterator[Any]:
        return iter(list(self.keys()))


class _Client:
    """What the producer needs of a client and its cluster."""

    hosts = ()
    _client_id = "simulation"
    _md_update_fut = None

    def __init__(self, process: SimulatedProcess, broker: Broker) -> None:
        self._process = process
        self._state = process.state
        self._broker = broker
        self._closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def leader_for_partition(self, partition: Any) -> int:
        return int(partition.partition) % 2

    def partitions_for_topic(self, _topic: str) -> set[int]:
        return set(range(_PARTITIONS))

    available_partitions_for_topic = partitions_for_topic

    def get_random_node(self) -> int:
        return 0

    async def bootstrap(self) -> None:
        await self._process.lives()
        await self._state.delay()
        if self._state.lasts(FaultKind.KAFKA_OUTAGE) or self._state.flip("start fails"):
            raise KafkaConnectionError("no broker can be reached")

    async def _wait_on_metadata(self, topic: str) -> set[int]:
        return self.partitions_for_topic(topic)

    async def _maybe_wait_metadata(self) -> None: ...

    def force_metadata_update(self) -> asyncio.Future[None]:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    async def close(self) -> None:
        if not self._closed.done():
            self._closed.set_result(None)

    async def send(self, _node: int, request: Any, group: object = None) -> Any:  # noqa: ARG002 - aiokafka's names
        await self._process.lives()
        await self._travel(0.001, 0.04)
        if self._state.lasts(FaultKind.KAFKA_OUTAGE):
            await self._travel(1, 8)
            raise KafkaConnectionError("the broker is away")
        if self._state.flip("write fails"):
            raise RequestTimedOutError("the request did not arrive")
        await self._process.lives()
        answer = self._answer(request)
        if self._state.flip("write's answer is lost"):
            await self._travel(0.1, 3)
            raise RequestTimedOutError("the answer did not arrive")
        await self._travel(0.001, 0.02)
        await self._process.lives()
        return answer

    async def _travel(self, shortest_seconds: float, longest_seconds: float) -> None:
        seconds = self._state.rng.uniform(shortest_seconds, longest_seconds)
        if seconds < 0.1:
            await asyncio.sleep(seconds)
        else:
            await asyncio.wait([self._closed], timeout=seconds)
        if self._closed.done():
            raise KafkaConnectionError("the connection was closed")

    def _answer(self, request: Any) -> Any:
        if not isinstance(request, ProduceRequest):
            return SimpleNamespace(error_code=0, producer_id=self._broker.new_producer(), producer_epoch=0)
        if self._process.producers[-1].client is not self:
            # A late copy of its could lie behind what its successor wrote since.
            self._state.broken(Promise.ORDER_KEPT, f"{self._process.name}: a producer that was given up still writes")
        topics = []
        for topic, parts in request._topics:
            answers = []
            for partition, batch in parts:
                error, offset = self._broker.append(topic, partition, bytes(batch))
                if error.errno:
                    self._state.note(f"{self._process.name}: {topic}[{partition}] refuses a batch: {error.__name__}")
                answers.append((partition, error.errno, offset, -1, 0))
            topics.append((topic, answers))
        return SimpleNamespace(API_VERSION=5, topics=topics)

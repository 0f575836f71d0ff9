"""Writing to Kafka so that an acknowledged record is on all in-sync replicas, once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, ProducerClosed

from consumer.concurrency.waits import first_of
from consumer.kafka.closing import abandon_producer
from consumer.kafka.destinations import check_takes, unacknowledged, unusable
from consumer.kafka.errors import write_refused
from consumer.kafka.records import Publication
from consumer.kafka.writing import Handed, each_alone, in_batches, one_by_one

_log = structlog.get_logger(__name__)
_FAILURES_BEFORE_REBUILD: Final = 3
_SETTLE_SECONDS: Final = 5.0
_SLOW_SECONDS: Final = 15.0


class PublishTimeoutError(KafkaError):  # type: ignore[misc]  # aiokafka is untyped
    """The brokers did not acknowledge in time; the record may have arrived, and is the same when sent again."""


_Writer = Callable[[AIOKafkaProducer, Sequence[Publication]], Awaitable[list[Handed]]]


@dataclass(slots=True)
class _Life:
    """One producer, how many calls wait for what it was given, and whether one gave up waiting."""

    producer: AIOKafkaProducer
    waiting: int = 0
    holds_given_up: bool = False
    settled: asyncio.Event = field(default_factory=asyncio.Event)


class Publisher:
    """An idempotent producer that is replaced when it no longer gets anything through.

    The producer itself tries again for as long as an outage lasts, in order and without writing twice, so sending waits
    for it. Two things end it, though. It can get into a state that it never leaves (aiokafka #1039, #905): then it is
    replaced after some failures in a row. And it numbers a batch before the broker refuses it and never takes the
    number back, so that every later record of that partition fails (aiokafka 0.14): after any refusal it is replaced at
    once.

    The old one is dead before a new one is made: of one record no late copy can come after its successor. The
    deterministic event ids make a record that was written twice harmless.
    """

    def __init__(self, make_producer: Callable[[], AIOKafkaProducer], timeout_seconds: float) -> None:
        self._make_producer = make_producer
        self._timeout_seconds = timeout_seconds
        self._life: _Life | None = None
        self._changing = asyncio.Lock()
        self._failures_in_a_row = 0
        self._stopped = False
        # By call that waits for acknowledgements: its first topic, and since when.
        self._unacknowledged: dict[object, tuple[str, float]] = {}

    async def start(self) -> None:
        """Connect now, and not with the first record; raises KafkaError where the brokers do not let it."""
        async with self._producing():
            pass

    async def send(self, publications: Sequence[Publication]) -> list[Any]:
        """Write records in order and return when all are acknowledged: where each of them lies.

        Raises:
            KafkaError: not acknowledged; the same records may be sent again.
            WriteRefusedError: our user lacks the right to.
            KafkaError of TOO_LARGE_ERRORS: a record is larger than the topic takes; sending again cannot help.

        """
        return await self._send(publications, one_by_one)

    async def send_in_batches(self, publications: Sequence[Publication]) -> None:
        """As :meth:`send`, for thousands at once, at a fraction of its cost: batches are followed, not records."""
        await self._send(publications, in_batches)

    async def _send(self, publications: Sequence[Publication], write: _Writer) -> list[Any]:
        if not publications:
            return []
        try:
            return await self._settled(publications, write)
        except KafkaError as error:
            refused = write_refused(error, publications[0].topic)
            if refused is None:
                raise
            raise refused from error

    async def _settled(self, publications: Sequence[Publication], write: _Writer) -> list[Any]:
        settled = await self._hand_over(publications, write)
        # A batch is refused for one of its records, which may be another caller's: alone each shows its own fault.
        # Those behind it on its partition fail by their numbers, alone as well; each round settles one of them or more.
        doubtful = {end for end in settled if end.is_refused}
        deadline = monotonic() + self._timeout_seconds
        while doubtful:
            alone = await self._hand_over(
                [item for end in settled if end in doubtful for item in end.items], each_alone
            )
            ends = iter(alone)
            settled = [
                new for end in settled for new in ([next(ends) for _ in end.items] if end in doubtful else [end])
            ]
            doubtful = {end for end in alone if end.is_misnumbered} if monotonic() < deadline else set()
        error = next((end.error for end in settled if end.error is not None), None)
        if error is not None:
            raise error
        self._failures_in_a_row = 0
        return [end.future.result() for end in settled]

    async def _hand_over(self, publications: Sequence[Publication], write: _Writer) -> list[Handed]:
        """Write and return once everything has an outcome; the producer is replaced where that is needed."""
        if not publications:
            return []
        life: _Life | None = None
        call = object()
        self._unacknowledged[call] = (publications[0].topic, monotonic())
        try:
            async with asyncio.timeout(self._timeout_seconds), self._producing() as life:
                handed = await write(life.producer, publications)
                # Not gather, which would cancel them with us: they are the producer's.
                await asyncio.wait([item.future for item in handed])
        except asyncio.CancelledError:
            if life is not None:
                life.holds_given_up = True
            raise
        except TimeoutError as error:
            await self._replace(life, "no acknowledgement in time", settle_seconds=0)
            raise PublishTimeoutError(f"no acknowledgement within {self._timeout_seconds:g} s") from error
        finally:
            del self._unacknowledged[call]
        refused = next((item.error for item in handed if item.is_refused), None)
        if refused is not None:
            await self._replace(life, f"refused: {type(refused).__name__}")
        elif any(item.error is not None for item in handed):
            self._failures_in_a_row += 1
            if self._failures_in_a_row >= _FAILURES_BEFORE_REBUILD:
                await self._replace(life, f"{self._failures_in_a_row} failures in a row")
        return handed

    async def check_takes(self, topic: str) -> None:
        """Return when the brokers would take a record for the topic; nothing is written.

        Raises:
            KafkaError: they would not, or do not answer; the text is a clause for a person.

        """
        try:
            async with self._producing() as life:
                await check_takes(life.producer, topic)
        except KafkaError as error:
            raise write_refused(error, topic) or unusable(error, topic) from error
        # What is asked above, they answer before they look at their replicas.
        now = monotonic()
        seconds = max((now - since for name, since in self._unacknowledged.values() if name == topic), default=0.0)
        if seconds > _SLOW_SECONDS:
            raise unacknowledged(topic, seconds)

    async def withdraw(self) -> None:
        """End the producer if it holds records whose senders were cancelled: it would write them when others did.

        What is sent meanwhile fails, and may be sent again.
        """
        life = self._life
        if life is None or not life.holds_given_up:
            return
        # Not under the lock, which a start may hold for the length of an outage; the dying producer takes nothing.
        _log.warning("producer.replaced", reason="it held records that were given up")
        await abandon_producer(life.producer)
        if self._life is life:
            self._life = None

    async def stop(self) -> None:
        """Close at once and for good; what is not acknowledged is not committed either."""
        self._stopped = True
        async with self._changing:
            if self._life is not None:
                await abandon_producer(self._life.producer)
                self._life = None

    @asynccontextmanager
    async def _producing(self) -> AsyncIterator[_Life]:
        async with self._changing:
            if self._stopped:
                raise ProducerClosed
            if self._life is None:
                self._life = _Life(await self._started())
            life = self._life
            life.waiting += 1
        try:
            yield life
        finally:
            life.waiting -= 1
            if not life.waiting:
                life.settled.set()

    async def _started(self) -> AIOKafkaProducer:
        producer = self._make_producer()
        try:
            await producer.start()
        except BaseException:
            await abandon_producer(producer)
            raise
        return producer

    async def _replace(self, failed: _Life | None, reason: str, settle_seconds: float = _SETTLE_SECONDS) -> None:
        """End the producer that failed, unless another record's failure has ended it already.

        Others that wait for it get some time first: on other partitions it still gets through.
        """
        if failed is None:
            return
        async with self._changing:
            if self._life is failed:
                failed.settled.clear()
                if failed.waiting:
                    await first_of(failed.settled.wait(), timeout_seconds=settle_seconds)
                _log.warning("producer.replaced", reason=reason)
                self._failures_in_a_row = 0
                await abandon_producer(failed.producer)
                self._life = None

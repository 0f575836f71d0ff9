"""A retag's work: batches one after another, read, scored, written, committed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

from consumer.concurrency.backoff import Backoff
from consumer.kafka.errors import FATAL_ERRORS, TOO_LARGE_ERRORS
from consumer.kafka.publisher import Publisher
from consumer.kafka.records import Publication
from consumer.replay.plans.commit_plan import PlannedCommits
from consumer.replay.plans.plan import Plan
from consumer.replay.rescoring import Rescored, Rescorer, Scorable, UnusableEventError
from consumer.replay.selecting.changed_keys import ChangedSince
from consumer.replay.selecting.tagged_selection import TaggedSelection
from schemas import AssetTagged, header_text
from schemas.headers import cloudevent_headers

_log = structlog.get_logger(__name__)
EVENT_SOURCE: Final = "/aegis/retag"
_BATCH_RECORDS: Final = 1000
_POLL_MS: Final = 250
_COMMIT_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class RetagWork:
    """What is to be done, and with what."""

    plan: Plan
    selection: TaggedSelection
    changed: ChangedSince
    rescorer: Rescorer
    source: str
    target: str


@dataclass(slots=True)
class RetagLoop:
    """Works off what the group gives us. A batch that is not committed is done again, with the same event ids.

    Not the stream engine: that holds thousands of records apart, each with a deadline, its retries and its dead letter,
    for which a record costs more than scoring it. Here nothing of a record can fail but the brokers.
    """

    work: RetagWork
    consumer: AIOKafkaConsumer
    publisher: Publisher
    backoff: Backoff = field(default_factory=Backoff)
    retagged: int = 0
    trouble: str | None = None
    # The next offsets to read of what is written and not committed yet.
    _written: dict[TopicPartition, int] = field(default_factory=dict)
    _commits: PlannedCommits = field(init=False)

    def __post_init__(self) -> None:
        self._commits = PlannedCommits(self.consumer, self.work.plan)

    async def run(self, ended: asyncio.Event) -> None:
        """Work until ``ended`` is set."""
        self.consumer.subscribe([self.work.source])
        while not ended.is_set():
            try:
                batches = await self.consumer.getmany(timeout_ms=_POLL_MS, max_records=_BATCH_RECORDS)
            except FATAL_ERRORS:
                raise
            except KafkaError as error:
                await self._pause(error, 1)
                continue
            if batches:
                if not await self._work(batches, ended):
                    return
                self._rest_at_the_end(batches)
            await self._commit()

    async def _work(self, batches: dict[TopicPartition, list[Any]], ended: asyncio.Event) -> bool:
        """Write what is new for these records; False when ended before all was acknowledged."""
        wanted = [
            (record, item)
            for place, records in batches.items()
            for record in records
            if (item := self._wanted(place.partition, record)) is not None
        ]
        rescored = self.work.rescorer.rescore([item for _, item in wanted])
        results = [self._result(record, event) for (record, _), event in zip(wanted, rescored, strict=True)]
        if not await self._write(results, ended):
            return False
        self.retagged += len(rescored)
        self._written |= {place: records[-1].offset + 1 for place, records in batches.items()}
        return True

    async def _commit(self) -> None:
        """Commit what is written; brokers that do not answer are asked again after the next batch."""
        ours = self.consumer.assignment()
        # What a rebalance took away its new owner does again.
        self._written = {place: offset for place, offset in self._written.items() if place in ours}
        with suppress(KafkaError, IllegalStateError, TimeoutError):
            async with asyncio.timeout(_COMMIT_SECONDS):
                await self._commits.commit(self._written)
                self._written.clear()
                await self._commits.commit_ends(lambda place: place in ours)

    def _wanted(self, partition: int, record: Any) -> Scorable | None:
        if not self.work.selection.holds(partition, record.offset) or self.work.changed.holds(record.key):
            return None
        try:
            return self.work.rescorer.read(record.value)
        except UnusableEventError as error:
            _log.warning("retag.left_alone", partition=partition, offset=record.offset, error=str(error))
            return None

    async def _write(self, results: Sequence[Publication], ended: asyncio.Event) -> bool:
        """Write until all are acknowledged, however long that takes; False when ended before."""
        attempt = 0
        while not ended.is_set():
            try:
                await self.publisher.send_in_batches(results)
            except (*FATAL_ERRORS, *TOO_LARGE_ERRORS):
                raise
            except KafkaError as error:
                attempt += 1
                await self._pause(error, attempt)
            else:
                self.trouble = None
                return True
        return False

    def _result(self, record: Any, event: Rescored) -> Publication:
        # Its successor lies where the event lies itself, whoever put it there.
        partition = record.partition if self.work.target == self.work.source else None
        headers = cloudevent_headers(
            AssetTagged,
            event_id=event.event_id,
            source=EVENT_SOURCE,
            time=event.occurred_at,
            subject=record.key,
            traceparent=header_text(record.headers, "traceparent"),
        )
        return Publication(self.work.target, record.key, event.value, headers, partition=partition)

    def _rest_at_the_end(self, batches: Mapping[TopicPartition, Sequence[Any]]) -> None:
        """Read no further than the plan says: behind it lies what we write ourselves."""
        for place, records in batches.items():
            part = self.work.plan.partitions.get(place.partition)
            if part is None or records[-1].offset + 1 >= part.end:
                with suppress(IllegalStateError):
                    self.consumer.pause(place)

    async def _pause(self, error: KafkaError, attempt: int) -> None:
        self.trouble = f"Kafka: {type(error).__name__}"
        delay_seconds = self.backoff.delay_seconds(attempt)
        _log.warning("retag.retry", error_class=type(error).__name__, error=str(error))
        await asyncio.sleep(delay_seconds)

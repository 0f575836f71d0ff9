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

from consumer.replay.rescoring import Rescored, Rescorer, Scorable, UnusableEventError
from consumer.replay.since import ChangedSince
from consumer.replay.tagged_selection import TaggedSelection
from consumer.stream.faults import TOO_LARGE_ERRORS
from consumer.stream.plan import Plan
from consumer.stream.publisher import Publisher
from consumer.stream.records import Publication
from consumer.stream.retry import Backoff
from consumer.stream.session import FATAL_ERRORS
from schemas import AssetTagged, header_text
from schemas.headers import child_traceparent

_log = structlog.get_logger(__name__)
EVENT_SOURCE: Final = "/aegis/retag"
_BATCH_RECORDS: Final = 1000
_POLL_MS: Final = 250


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
                await self._work(batches, ended)
                self._rest_at_the_end(batches)

    async def _work(self, batches: dict[TopicPartition, list[Any]], ended: asyncio.Event) -> None:
        wanted = [
            (record, item)
            for place, records in batches.items()
            for record in records
            if (item := self._wanted(place.partition, record)) is not None
        ]
        rescored = self.work.rescorer.rescore([item for _, item in wanted])
        results = [self._result(record, event) for (record, _), event in zip(wanted, rescored, strict=True)]
        if not await self._write(results, ended):
            return
        self.retagged += len(rescored)
        # A rebalance meanwhile, or brokers that are away: whoever owns the partitions then does them again.
        with suppress(KafkaError, IllegalStateError):
            await self.consumer.commit({place: records[-1].offset + 1 for place, records in batches.items()})

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
        return Publication(self.work.target, record.key, event.value, self._headers(record, event), partition=partition)

    def _headers(self, record: Any, event: Rescored) -> tuple[tuple[str, bytes], ...]:
        """Return the headers of the event that it came from, with what is different now."""
        trace = child_traceparent(header_text(record.headers, "traceparent"))
        return (
            ("ce_specversion", b"1.0"),
            ("ce_id", event.event_id.encode()),
            ("ce_type", AssetTagged.CE_TYPE.encode()),
            ("ce_source", EVENT_SOURCE.encode()),
            ("ce_time", event.occurred_at.encode()),
            ("ce_subject", record.key),
            ("content-type", b"application/json"),
            ("traceparent", trace.encode()),
        )

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

"""From the consumer's fetched batches to records that are worked on."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

from consumer.kafka.closing import stop_joining
from consumer.kafka.errors import UnreadableBatchError, is_fenced
from consumer.kafka.records import SourceRecord
from consumer.stream.partitions.ownership import Ownership
from consumer.stream.processing.intake import Intake

_POLL_MS = 250
_MAX_POLL_RECORDS = 100
_UNREADABLE_SECONDS: Final = 5.0
_UNREADABLE: Final = (
    "the brokers' copy of it is damaged, and nothing behind it is read: let another replica lead the partition, or set "
    "the group's offset behind the batch (docs/production.md, Stuck partitions)"
)
_log = structlog.get_logger(__name__)


class OffsetsWentBackError(Exception):
    """A partition goes on before where it was: its log was cut, or made anew."""


class Poller:
    """Fetches what there is room for, and hands it to whom it belongs."""

    def __init__(self, consumer: AIOKafkaConsumer, owned: Ownership, intake: Intake) -> None:
        self._consumer = consumer
        self._owned = owned
        self._intake = intake
        # When a partition with a damaged batch is tried again: another replica may lead it then.
        self._tried_again_at: dict[TopicPartition, float] = {}

    async def receive(self, room: int) -> None:
        """Fetch and dispatch; without room only tell the group that we live.

        Raises:
            OffsetsWentBackError: a new session is needed.
            KafkaError: the consumer cannot fetch.

        """
        try:
            batches = await self._fetch(room)
        except KafkaError as error:
            if is_fenced(error):
                # In this very step, else it joins as a new member and throws out the one that is to stay.
                stop_joining(self._consumer)
            raise
        # Nothing is awaited between getmany's end and here: its records are past the consumer's position, so whatever
        # of them is not tracked in this very step would be committed over, and lost.
        for partition, messages in batches.items():
            self._dispatch(partition, messages)

    async def _fetch(self, room: int) -> dict[TopicPartition, list[Any]]:
        batches: dict[TopicPartition, list[Any]]
        if room:
            self._consumer.resume(*self._consumer.paused())
            self._consumer.pause(*self._held())
            size = min(room, _MAX_POLL_RECORDS)
            try:
                batches = await self._consumer.getmany(timeout_ms=_POLL_MS, max_records=size)
            except UnreadableBatchError as error:
                self._hold(error)
                return {}
        else:
            self._consumer.pause(*self._consumer.assignment())
            batches = await self._consumer.getmany(timeout_ms=0, max_records=1)
        return batches

    def _held(self) -> set[TopicPartition]:
        now = time.monotonic()
        self._tried_again_at = {place: at for place, at in self._tried_again_at.items() if at > now}
        unplaced = {TopicPartition(item.topic, item.partition) for item in self._owned if not item.is_placed}
        return unplaced.union(self._tried_again_at).intersection(self._consumer.assignment())

    def _hold(self, error: UnreadableBatchError) -> None:
        """Leave a partition alone for a while, and let nothing else wait for it."""
        place = TopicPartition(error.topic, error.partition)
        assignment = self._owned.of(place)
        if assignment is None:
            return
        # Before it is fetched again, which would be at once.
        with suppress(IllegalStateError):
            self._consumer.pause(place)
        self._tried_again_at[place] = time.monotonic() + _UNREADABLE_SECONDS
        if assignment.unreadable is None:
            _log.warning(
                "partition.unreadable",
                topic=error.topic,
                partition=error.partition,
                offset=error.offset,
                error=str(error),
                help=_UNREADABLE,
            )
        assignment.unreadable = error

    def _dispatch(self, partition: TopicPartition, messages: list[Any]) -> None:
        assignment = self._owned.of(partition)
        first = messages[0].offset
        if assignment is None or not assignment.is_placed:
            # Not ours (any more, or yet). Should we own it after all, it comes again.
            with suppress(IllegalStateError):
                self._consumer.seek(partition, first)
            return
        if not assignment.is_next(first):
            # Its results would come to lie behind those of newer records.
            raise OffsetsWentBackError(f"{partition.topic}[{partition.partition}] goes on at offset {first}")
        behind = (assignment.next_offset, *(message.offset + 1 for message in messages))
        assignment.arrived(first, messages[-1].offset)
        self._intake.accept(assignment, list(map(SourceRecord.of, messages, behind)))

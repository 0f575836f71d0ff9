"""The right to close letters: one process at a time, and whatever kills it, a letter is closed or it is not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError

from producer_tools.dead_letters.errors import LettersBusyError
from producer_tools.dead_letters.places import Place
from producer_tools.dead_letters.topics import (
    Partition,
    administrating,
    backlog_group,
    opened,
    partitions_of,
    patiently,
    survey,
)
from schemas import dead_letter_topic
from schemas.connections import KafkaConnection

# One that was killed counts as a member for so long; whoever comes next waits for that.
_SESSION_SECONDS: Final = 6
_WAIT_SECONDS: Final = _SESSION_SECONDS + 5
_LOOK_SECONDS: Final = 0.5


class Backlog(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is untyped
    """The open letters of one source topic, in the hands of this process alone."""

    def __init__(self, consumer: AIOKafkaConsumer, source_topic: str) -> None:
        self.consumer = consumer
        self.topic = dead_letter_topic(source_topic)
        self.partitions: dict[TopicPartition, Partition] = {}
        self._changed: set[TopicPartition] = set()
        self._lost = False

    def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None: ...

    def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        """Note that somebody else joined: what is not committed by now is theirs."""
        self._lost = self._lost or bool(revoked)

    def close(self, place: Place) -> None:
        """Close a letter; it counts once it is committed."""
        item = TopicPartition(self.topic, place.partition)
        self.partitions[item].closed.close(place.offset)
        self._changed.add(item)

    async def commit(self) -> None:
        """Keep what was closed.

        Raises:
            LettersBusyError: another process took the letters over; what was closed since the last commit is open.
            ScatteredError: see :meth:`ClosedOffsets.encode`.

        """
        if self._lost:
            raise LettersBusyError(f"Another process works on {self.topic} now: wait for it, then run this again.")
        if not self._changed:
            return
        offsets = {
            item: (self.partitions[item].closed.next_offset, self.partitions[item].closed.encode())
            for item in self._changed
        }
        try:
            await self.consumer.commit(offsets)
        except (CommitFailedError, IllegalStateError) as error:
            raise LettersBusyError(
                f"Another process took {self.topic} over: wait for it, then run this again."
            ) from error
        self._changed.clear()


@asynccontextmanager
async def own_backlog(connection: KafkaConnection, source_topic: str) -> AsyncIterator[Backlog]:
    """Join the group of a topic's dead letters as its only member; on leaving, what was closed is committed.

    Raises:
        LettersBusyError: another process is at it.
        DeadLetterError: Kafka does not answer, or has no such topic.

    """
    group = backlog_group(source_topic)
    options = {
        "group_id": group,
        "session_timeout_ms": _SESSION_SECONDS * 1000,
        "heartbeat_interval_ms": 1000,
        # A slow rate polls rarely.
        "max_poll_interval_ms": 24 * 3600 * 1000,
    }
    async with opened(connection, **options) as consumer:
        wanted = await partitions_of(consumer, dead_letter_topic(source_topic))
        await _wait_for_others(connection, group)
        backlog = Backlog(consumer, source_topic)
        consumer.subscribe([backlog.topic], listener=backlog)
        await _wait_for_partitions(consumer, set(wanted))
        backlog.partitions = await survey(connection, consumer, source_topic)
        try:
            yield backlog
        finally:
            await backlog.commit()


async def _wait_for_others(connection: KafkaConnection, group: str) -> None:
    async with administrating(connection) as admin:
        for _ in range(int(_WAIT_SECONDS / _LOOK_SECONDS)):
            (response,) = await patiently(lambda: admin.describe_consumer_groups([group]))
            if not any(members for _, _, _, _, _, members, *_ in response.groups):
                return
            await asyncio.sleep(_LOOK_SECONDS)
    raise LettersBusyError(f"Another process works on these letters (group {group}): wait for it, then run this again.")


async def _wait_for_partitions(consumer: AIOKafkaConsumer, wanted: set[TopicPartition]) -> None:
    for _ in range(int(_WAIT_SECONDS / _LOOK_SECONDS)):
        # The group's protocol runs beside us; polling tells it that we live.
        consumer.pause(*consumer.assignment())
        await consumer.getmany(timeout_ms=0, max_records=1)
        if consumer.assignment() == wanted:
            return
        await asyncio.sleep(_LOOK_SECONDS / 5)
    raise LettersBusyError("The group of these letters is shared with another process: wait for it to end.")

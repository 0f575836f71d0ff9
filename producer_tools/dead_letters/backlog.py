"""The right to close letters: one process at a time, and whatever kills it, a letter is closed or it is not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from consumer.kafka.clients import Member, make_admin, make_consumer, patiently
from consumer.kafka.closing import started_admin
from producer_tools.dead_letters.errors import DeadLetterError, LettersBusyError
from producer_tools.dead_letters.offsets import PartitionOffset
from producer_tools.dead_letters.topics import (
    CLIENT_ID,
    Partition,
    backlog_group,
    opened,
    partitions_of,
    survey,
)
from schemas import dead_letter_topic
from schemas.connections import KafkaConnection

# One that was killed counts as a member for so long; whoever comes next waits for that.
_SESSION_SECONDS: Final = 6
_WAIT_SECONDS: Final = _SESSION_SECONDS + 5
_LOOK_SECONDS: Final = 0.5
# A slow rate polls rarely.
_POLL_INTERVAL_SECONDS: Final = 24 * 3600.0
# aiokafka tries for as long as it takes.
_COMMIT_SECONDS: Final = 60.0
_LAST_COMMIT_SECONDS: Final = 3.0


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

    def close(self, place: PartitionOffset) -> None:
        """Close a letter; it counts once it is committed."""
        item = TopicPartition(self.topic, place.partition)
        self.partitions[item].closed.close(place.offset)
        self._changed.add(item)

    async def commit(self, timeout_seconds: float = _COMMIT_SECONDS) -> None:
        """Keep what was closed.

        Raises:
            DeadLetterError: Kafka does not answer in time.
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
            async with asyncio.timeout(timeout_seconds):
                await self.consumer.commit(offsets)
        except TimeoutError as error:
            raise DeadLetterError(
                f"Kafka did not keep within {timeout_seconds:g} s which letters of {self.topic} are closed: "
                "run this again when it answers."
            ) from error
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
    member = Member(group, CLIENT_ID, _SESSION_SECONDS, rebalance_timeout_seconds=_SESSION_SECONDS)
    own = make_consumer(connection, member, max_poll_interval_seconds=_POLL_INTERVAL_SECONDS)
    async with opened(connection, own) as consumer:
        wanted = await partitions_of(consumer, dead_letter_topic(source_topic))
        await _wait_for_others(connection, group)
        backlog = Backlog(consumer, source_topic)
        consumer.subscribe([backlog.topic], listener=backlog)
        await _wait_for_partitions(consumer, set(wanted))
        backlog.partitions = await survey(connection, consumer, source_topic)
        try:
            yield backlog
        except BaseException:
            # What is not kept now is found on the source topic by the next run, and closed as superseded.
            with suppress(DeadLetterError, KafkaError):
                await backlog.commit(_LAST_COMMIT_SECONDS)
            raise
        await backlog.commit()


async def _wait_for_others(connection: KafkaConnection, group: str) -> None:
    async with started_admin(make_admin(connection, CLIENT_ID)) as admin:
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

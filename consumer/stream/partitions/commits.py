"""Committing what the ledgers allow."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

from consumer.stream.observer import StreamObserver
from consumer.stream.partitions.assignment import Assignment
from consumer.stream.partitions.source_topics import SourceTopics

_log = structlog.get_logger(__name__)


class Commits(Protocol):
    """How offsets are written; both raise KafkaError, or IllegalStateError after a rebalance."""

    async def commit(self, offsets: Mapping[TopicPartition, int], /) -> None:
        """Commit the next offsets to read."""

    async def commit_ends(self, is_idle: Callable[[TopicPartition], bool], /) -> None:
        """Commit what lies behind the last record of a partition that is idle, where there is such a thing."""


class PlainCommits:
    """Offsets, each with the topic that it belongs to."""

    def __init__(self, consumer: AIOKafkaConsumer, source: SourceTopics) -> None:
        self._consumer = consumer
        self._source = source

    async def commit(self, offsets: Mapping[TopicPartition, int], /) -> None:
        await self._consumer.commit({p: (offset, self._source.label_of(p.topic)) for p, offset in offsets.items()})

    async def commit_ends(self, is_idle: Callable[[TopicPartition], bool], /) -> None: ...


@dataclass(frozen=True, slots=True)
class GroupOffset:
    """What a group has committed, and the text beside it."""

    offset: int
    label: str


async def fetch_commits(
    consumer: AIOKafkaConsumer, places: Sequence[TopicPartition]
) -> dict[TopicPartition, GroupOffset]:
    """Return the group's offsets, without partitions that have none; raises KafkaError."""
    found = await consumer._coordinator.fetch_committed_offsets(places)  # noqa: SLF001 - the public way has no text
    return {place: GroupOffset(item.offset, item.metadata or "") for place, item in found.items() if item.offset >= 0}


class Committer:
    """Commits watermarks; a commit that fails is logged and tried again later, since it costs only redelivery."""

    def __init__(self, commits: Commits, timeout_seconds: float, observer: StreamObserver) -> None:
        self._commits = commits
        self._timeout_seconds = timeout_seconds
        self._observer = observer
        # One commit at a time: of two under way the older could land last and move the group back.
        self._turn = asyncio.Lock()

    async def commit(self, assignments: Iterable[Assignment]) -> bool:
        """Commit every assignment that is ahead; return whether the broker has all of it."""
        owned = {TopicPartition(item.topic, item.partition): item for item in assignments}
        try:
            async with asyncio.timeout(self._timeout_seconds), self._turn:
                await self._commit(owned)
                await self._commits.commit_ends(lambda place: place in owned and owned[place].is_idle)
        except (KafkaError, IllegalStateError, TimeoutError) as error:
            # CommitFailedError and IllegalStateError: a rebalance took the partitions; their new owner starts from
            # the last commit. Anything else passes with the next interval.
            self._observer.commit_failed(type(error).__name__)
            _log.warning("commit.failed", error_class=type(error).__name__, error=str(error))
            return False
        return True

    async def _commit(self, owned: Mapping[TopicPartition, Assignment]) -> None:
        ahead = {place: offset for place, item in owned.items() if (offset := item.ledger.committable) is not None}
        if not ahead:
            return
        await self._commits.commit(ahead)
        for place, offset in ahead.items():
            owned[place].ledger.committed(offset)
            self._observer.committed(place.topic, place.partition, offset)

"""The partitions that one consumer owns, from the group's giving them to its taking them away."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import structlog
from aiokafka import ConsumerRebalanceListener, TopicPartition

from consumer.stream.observer import StreamObserver
from consumer.stream.partitions.assignment import Assignment, drain
from consumer.stream.partitions.commits import Committer

_log = structlog.get_logger(__name__)


class Ownership(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is untyped
    """Makes an assignment anew for each ownership; before one ends, its work is drained and committed."""

    def __init__(
        self,
        committer: Committer,
        drain_seconds: float,
        observer: StreamObserver,
        on_error: Callable[[BaseException], None],
        *,
        on_assigned: Callable[[list[Assignment]], Awaitable[None]],
        on_revoked: Callable[[], Awaitable[None]],
        on_abandoned: Callable[[], Awaitable[None]],
        on_drain: Callable[[], None] = lambda: None,
    ) -> None:
        self._committer = committer
        self._drain_seconds = drain_seconds
        self._observer = observer
        self._on_error = on_error
        self._on_assigned = on_assigned
        self._on_revoked = on_revoked
        self._on_abandoned = on_abandoned
        self._on_drain = on_drain
        self._assignments: dict[TopicPartition, Assignment] = {}
        # A shutdown that begins in the middle of a rebalance waits for its drain and commit.
        self._releasing = asyncio.Lock()
        self.is_member = False

    def __iter__(self) -> Iterator[Assignment]:
        return iter(list(self._assignments.values()))

    def of(self, partition: TopicPartition) -> Assignment | None:
        return self._assignments.get(partition)

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        self._assignments = {partition: Assignment(partition.topic, partition.partition) for partition in assigned}
        self.is_member = True
        self._observer.partitions_assigned(frozenset((item.topic, item.partition) for item in self))
        _log.info("group.assigned", partitions=sorted(partition.partition for partition in assigned))
        try:
            await self._on_assigned(list(self))
        except Exception as error:  # noqa: BLE001 - aiokafka would log and swallow it (A8)
            self._on_error(error)

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:  # noqa: ARG002 - always all of them (A6)
        """Finish and commit before the partitions go; the group waits for this call (A7)."""
        was_member, self.is_member = self.is_member, False
        try:
            await self.release()
            if was_member:
                await self._on_revoked()
        except Exception as error:  # noqa: BLE001 - aiokafka would log and swallow it (A8)
            self._on_error(error)

    async def release(self) -> None:
        """Let go of everything: drain within the deadline, then commit. What is left undone is delivered again."""
        async with self._releasing:
            # Taken out first: what is fetched from here on belongs to the next owner.
            leaving = list(self._assignments.values())
            self._assignments = {}
            if not leaving:
                return
            self._on_drain()
            abandoned = await drain(leaving, self._drain_seconds)
            if abandoned:
                # A late copy would come to lie behind what the next owner writes.
                await self._on_abandoned()
            committed = await self._committer.commit(leaving)
            self._observer.partitions_revoked(frozenset((item.topic, item.partition) for item in leaving))
            _log.info("group.revoked", partitions=len(leaving), abandoned=abandoned, committed=committed)

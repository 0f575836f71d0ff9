"""Commits of a group that works through a plan: each carries the plan on, and a partition's end is one of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from consumer.replay.plans.plan import Plan


class PlannedCommits:
    """Commits for a consumer of a planned run; partitions that were added since the plan are left alone."""

    def __init__(self, consumer: AIOKafkaConsumer, plan: Plan) -> None:
        self._consumer: Final = consumer
        self._plan: Final = plan
        self._ended: set[TopicPartition] = set()

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Commit the next offsets to read; raises KafkaError, or IllegalStateError after a rebalance."""
        with_plan = {
            item: (offset, part.to_metadata())
            for item, offset in offsets.items()
            if (part := self._plan.partitions.get(item.partition)) is not None
        }
        if with_plan:
            await self._consumer.commit(with_plan)

    async def commit_ends(self, is_idle: Callable[[TopicPartition], bool]) -> None:
        """Commit the planned end of each partition that was read so far, and of which nothing is in work.

        Its last record can lie before the end: what follows is a transaction's marker, or was taken away by compaction.
        Raises as :meth:`commit`.
        """
        for item in self._consumer.assignment() - self._ended:
            part = self._plan.partitions.get(item.partition)
            # Asked last: whether it is idle may change while the position is not known yet.
            if part is not None and await self._consumer.position(item) >= part.end and is_idle(item):
                await self.commit({item: part.end})
                self._ended.add(item)

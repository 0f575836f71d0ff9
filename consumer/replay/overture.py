"""How a replay and a retag begin: a plan that the whole group shares, what it selects, and what changed since."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Self, TypeVar

from consumer.kafka.clients import make_consumer
from consumer.kafka.topic_reader import TopicReader
from consumer.replay.plans.plan import Plan, Start
from consumer.replay.plans.planned_group import PlannedGroup
from consumer.replay.progress import GroupRun, OnProgress, Selected
from consumer.replay.selecting.changed_keys import ChangedSince
from consumer.stream.settings import StreamSettings
from schemas.connections import KafkaConnection

SelectionT = TypeVar("SelectionT")


@dataclass(frozen=True, slots=True)
class Overture:
    """A process in its group, which has a plan."""

    kafka: KafkaConnection
    topic: str
    group: PlannedGroup
    plan: Plan

    @classmethod
    @asynccontextmanager
    async def of(
        cls, kafka: KafkaConnection, stream: StreamSettings, start: Start, purpose: str
    ) -> AsyncIterator[Self]:
        """Fix the group's plan, or take the one that it has; raises PlanError where that is for another purpose."""
        async with PlannedGroup(kafka, stream.group, stream.topic) as group:
            plan = await group.plan(start, purpose, lambda: make_consumer(kafka, stream))
            yield cls(kafka, stream.topic, group, plan)

    async def is_done(self) -> bool:
        """Return whether the whole group has nothing left; raises KafkaError when nobody can say."""
        return self.plan.is_done((await self.group.state()).committed)

    async def selected(self, select: Callable[[TopicReader, Plan], Awaitable[SelectionT]]) -> SelectionT:
        """Read the topic as far as the plan goes."""
        async with TopicReader(self.kafka, self.topic) as reader:
            return await select(reader, self.plan)

    def changed_since(self, ignored: Callable[[Any], bool] = lambda _: False) -> ChangedSince:
        """Return what follows the topic from the plan's end on; ``ignored`` are the run's own records."""
        return ChangedSince(self.kafka, self.topic, self.plan, ignored)

    def run(self, selection: Selected, on_progress: OnProgress) -> GroupRun:
        return GroupRun(self.group, self.plan, selection, on_progress)

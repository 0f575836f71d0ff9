"""Groups that work off a plan: fixing it, keeping it in every commit, and reading how far they are."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Self

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

from consumer.kafka.clients import make_admin, make_reader, patiently
from consumer.kafka.closing import close_consumer, started_consumer
from consumer.kafka.errors import HIDDEN_TOPIC
from consumer.replay.plans.plan import PartitionPlan, Plan, PlanError, Start
from schemas.connections import KafkaConnection

_JOIN_SECONDS: Final = 60.0
_POLL_MS: Final = 100
_LOOK_SECONDS: Final = 1.0
_CLOSE_SECONDS: Final = 10.0

ConsumerFactory = Callable[[], AIOKafkaConsumer]


@dataclass(frozen=True, slots=True)
class GroupState:
    """What a group has committed: the next offset by partition, and the plan as far as it is fixed."""

    committed: Mapping[int, int]
    plans: Mapping[int, PartitionPlan]


class PlannedGroup:
    """Looks at a consumer group from outside, without being its member."""

    def __init__(self, kafka: KafkaConnection, group: str, topic: str) -> None:
        self.group: Final = group
        self.topic: Final = topic
        self._admin = make_admin(kafka, f"{group}-progress")

    async def __aenter__(self) -> Self:
        try:
            await self._admin.start()
        except BaseException:
            await self._admin.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        with suppress(KafkaError):
            await self._admin.close()

    async def partitions(self) -> frozenset[int]:
        """Return the partitions of the topic; raises PlanError where there is no such topic."""
        for topic in await patiently(self._admin.describe_topics):
            if topic["topic"] == self.topic:
                return frozenset(item["partition"] for item in topic["partitions"])
        raise PlanError(f"there is no topic {self.topic}: run: aegis topics apply; {HIDDEN_TOPIC}")

    async def state(self) -> GroupState:
        """Read what is committed; raises KafkaError when the brokers do not answer for a while."""
        committed: dict[TopicPartition, Any] = await patiently(
            lambda: self._admin.list_consumer_group_offsets(self.group)
        )
        ours = {partition.partition: item for partition, item in committed.items() if partition.topic == self.topic}
        plans = {number: PartitionPlan.from_metadata(item.metadata or "") for number, item in ours.items()}
        return GroupState(
            {number: item.offset for number, item in ours.items() if item.offset >= 0},
            {number: plan for number, plan in plans.items() if plan is not None},
        )

    async def plan(self, start: Start, purpose: str, make_consumer: ConsumerFactory) -> Plan:
        """Return the group's plan, fixing it first where it has none.

        Each part is written by the owner of its partition, so that of several processes which begin at once one alone
        decides it.

        Raises:
            PlanError: the group has a plan for another purpose, or works without one.
            KafkaError: the brokers do not answer.

        """
        wanted = await self.partitions()
        state = await self.state()
        self._check(state, purpose)
        if wanted <= state.plans.keys():
            return Plan(state.plans)
        async with asyncio.timeout(_JOIN_SECONDS):
            return await self._write_plan(wanted, start, purpose, make_consumer())

    async def preview(self, start: Start, purpose: str, kafka: KafkaConnection) -> Plan:
        """Return the group's plan, or the one that it would get now; nothing is fixed. Raises as :meth:`plan`."""
        state = await self.state()
        self._check(state, purpose)
        wanted = await self.partitions()
        if wanted <= state.plans.keys():
            return Plan(state.plans)
        async with started_consumer(make_reader(kafka, f"{self.group}-progress")) as consumer:
            places = [TopicPartition(self.topic, number) for number in sorted(wanted)]
            consumer.assign(places)
            parts = await _parts(consumer, places, start, purpose)
        return Plan({place.partition: part for place, part in parts.items()} | dict(state.plans))

    def _check(self, state: GroupState, purpose: str) -> None:
        others = {plan.purpose for plan in state.plans.values()} - {purpose}
        if others:
            raise PlanError(
                f"{self.group} was begun with {min(others)!r}, and cannot go on with {purpose!r}: "
                "say the same, or give another --name"
            )
        if state.committed.keys() - state.plans.keys():
            raise PlanError(f"the consumer group {self.group} is in use for something else: give another --name")

    async def _write_plan(self, wanted: frozenset[int], start: Start, purpose: str, consumer: AIOKafkaConsumer) -> Plan:
        """Join, and write the parts of those partitions that we are given, until all have one."""
        given = _Given()
        try:
            await consumer.start()
            consumer.subscribe([self.topic], listener=given)
            while True:
                await consumer.getmany(timeout_ms=_POLL_MS, max_records=1)
                times, ours = given.times, consumer.assignment()
                # Read once they are ours: whoever owned them before can write no more.
                state = await self.state()
                self._check(state, purpose)
                if wanted <= state.plans.keys():
                    return Plan(state.plans)
                open_parts = [item for item in ours if item.partition not in state.plans]
                parts = await _parts(consumer, open_parts, start, purpose) if open_parts else {}
                if parts and times == given.times:
                    # Another member may come in this very moment: then the next look shows what is left to fix.
                    with suppress(KafkaError, IllegalStateError):
                        await consumer.commit({item: (part.start, part.to_metadata()) for item, part in parts.items()})
        finally:
            await close_consumer(consumer, _CLOSE_SECONDS)


class _Given(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is untyped
    """Counts how often the group gave us partitions."""

    def __init__(self) -> None:
        self.times = 0

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        pass

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:  # noqa: ARG002 - aiokafka's
        self.times += 1


async def _parts(
    consumer: AIOKafkaConsumer, partitions: list[TopicPartition], start: Start, purpose: str
) -> dict[TopicPartition, PartitionPlan]:
    ends = await consumer.end_offsets(partitions)
    begins = await consumer.beginning_offsets(partitions)
    starts = await _starts(consumer, begins, ends, start)
    return {
        item: PartitionPlan(min(max(starts[item], begins[item]), ends[item]), ends[item], purpose)
        for item in partitions
    }


async def _starts(
    consumer: AIOKafkaConsumer, begins: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int], start: Start
) -> Mapping[TopicPartition, int]:
    if start.offset is not None:
        return dict.fromkeys(begins, start.offset)
    if start.offsets is not None:
        return {item: start.offsets.get(item.partition, ends[item]) for item in begins}
    if start.time_ms is not None:
        offsets = await consumer.offsets_for_times(dict.fromkeys(begins, start.time_ms))
        return {item: place.offset if place is not None else ends[item] for item, place in offsets.items()}
    return begins

"""A group whose run has a plan, looked at from outside."""

from __future__ import annotations

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaConnectionError

from consumer.kafka.closing import started_consumer
from consumer.kafka.topic_reader import TopicReader
from consumer.replay.plans.commit_plan import PlannedCommits
from consumer.replay.plans.plan import PartitionPlan, Plan, PlanError, Start
from consumer.replay.plans.planned_group import PlannedGroup
from schemas.connections import KafkaConnection
from testkit.harness import Harness
from testkit.kafka_tools import committed, write

PURPOSE = "again"


def _connection(harness: Harness) -> KafkaConnection:
    return KafkaConnection(bootstrap=harness.bootstrap)


def _consumer(harness: Harness) -> AIOKafkaConsumer:
    return AIOKafkaConsumer(
        bootstrap_servers=harness.bootstrap, group_id=harness.settings.group, enable_auto_commit=False
    )


async def test_a_plan_that_is_fixed_is_the_one_that_was_previewed(harness: Harness) -> None:
    """Whatever is published in between: its end was fixed."""
    await write(harness.bootstrap, harness.source, [(b"k", b"1"), (b"l", b"2")])
    async with PlannedGroup(_connection(harness), harness.settings.group, harness.source) as group:
        before = await group.preview(Start(), PURPOSE, _connection(harness))
        fixed = await group.plan(Start(), PURPOSE, lambda: _consumer(harness))
        await write(harness.bootstrap, harness.source, [(b"k", b"3")])
        after = await group.preview(Start(), PURPOSE, _connection(harness))

    assert before == fixed == after
    assert sum(part.end - part.start for part in fixed.partitions.values()) == 2


async def test_a_topic_that_is_not_there_is_said_with_its_remedy(harness: Harness) -> None:
    async with PlannedGroup(_connection(harness), harness.settings.group, f"{harness.source}-missing") as group:
        with pytest.raises(PlanError, match="aegis topics apply"):
            await group.preview(Start(), PURPOSE, _connection(harness))


async def test_a_group_that_works_without_a_plan_is_left_alone(harness: Harness) -> None:
    """Its offsets mean something else."""
    consumer = _consumer(harness)
    await consumer.start()
    place = TopicPartition(harness.source, 0)
    consumer.assign([place])
    await consumer.commit({place: 0})
    await consumer.stop()

    async with PlannedGroup(_connection(harness), harness.settings.group, harness.source) as group:
        with pytest.raises(PlanError, match="in use for something else"):
            await group.plan(Start(), PURPOSE, lambda: _consumer(harness))


async def test_a_partition_that_was_added_since_is_none_of_the_runs_business(harness: Harness) -> None:
    plan = Plan({0: PartitionPlan(0, 5, PURPOSE)})
    async with started_consumer(_consumer(harness)) as consumer:
        places = [TopicPartition(harness.source, number) for number in (0, 1)]
        consumer.assign(places)
        commits = PlannedCommits(consumer, plan)
        await commits.commit({places[1]: 3})
        await commits.commit({places[0]: 2, places[1]: 3})

    assert await committed(harness.bootstrap, harness.settings.group, harness.source) == {0: 2}


async def test_the_end_of_a_partition_is_committed_once_nothing_of_it_is_in_work(harness: Harness) -> None:
    """An empty partition has no record whose commit could be the end."""
    plan = Plan({number: PartitionPlan(0, 0, PURPOSE) for number in (0, 1)})
    async with started_consumer(_consumer(harness)) as consumer:
        consumer.assign([TopicPartition(harness.source, number) for number in (0, 1, 2)])
        await PlannedCommits(consumer, plan).commit_ends(lambda place: place.partition == 1)

    assert await committed(harness.bootstrap, harness.settings.group, harness.source) == {1: 0}


@pytest.mark.parametrize("reader", [lambda to: PlannedGroup(to, "group", "topic"), lambda to: TopicReader(to, "topic")])
async def test_without_a_broker_neither_of_both_begins(reader: type[TopicReader]) -> None:
    """And nothing of it stays open: warnings are errors here."""
    with pytest.raises(KafkaConnectionError):
        async with reader(KafkaConnection(bootstrap="127.0.0.1:9")):  # type: ignore[call-arg]
            raise AssertionError("it began")

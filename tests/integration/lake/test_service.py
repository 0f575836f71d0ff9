"""`aegis run lake`: what its tables say, and that each record is in them once, whatever happens to the processes."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from functools import partial

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from consumer.storage.lake.tables import REVIEWED, TAGGED
from testkit.kafka_tools import eventually, make_topics
from testkit.running import Pipeline, ServiceProcess
from tests.integration.lake.events import PATIENCE_SECONDS, Record, all_read, history, publish, tagged, written
from tests.integration.lake.reading import current_tags, has_more, offsets_held, places, rounded, row_count

pytestmark = pytest.mark.timeout(400)


async def judge_each_once(corner: Pipeline) -> None:
    for topic, spec in ((corner.topics.tagged, TAGGED), (corner.topics.reviewed, REVIEWED)):
        in_table = Counter({place[1:]: count for place, count in places(corner, spec).items()})
        assert in_table == await written(corner, topic)


def lake_member(corner: Pipeline, name: str, **environment: str) -> ServiceProcess:
    # Static membership: who is killed is back at once, without waiting for the group to drop it.
    member = corner.service("lake", AEGIS_STREAM_GROUP_INSTANCE_ID=name, **environment)
    member.start()
    return member


async def test_the_tags_that_hold_are_those_of_postgresql(lake_corner: Pipeline) -> None:
    await publish(lake_corner, history(lake_corner, assets=25, count=600, seed=6))
    services = [lake_corner.service("sink"), lake_corner.service("lake")]
    for service in services:
        service.start()
    await all_read(lake_corner, lake_corner.topics.sink_group, lake_corner.topics.lake_group)
    assert [service.stop() for service in services] == [0, 0]

    rows = await lake_corner.rows("SELECT asset_id, category, tag, confidence, source FROM current_tags")
    stored = sorted(map(rounded, rows))

    assert {row[4] for row in stored} == {"model", "human"}
    assert current_tags(lake_corner) == stored
    await judge_each_once(lake_corner)


async def test_kills_in_the_middle_of_commits_lose_and_double_nothing(lake_corner: Pipeline) -> None:
    chance = random.Random(9)
    for turn in range(3):
        await publish(lake_corner, history(lake_corner, assets=500, count=300, seed=turn))
        rows = row_count(lake_corner, TAGGED)
        member = lake_member(lake_corner, "only", AEGIS_LAKE_COMMIT_ROWS="40")
        await eventually(partial(has_more, lake_corner, rows), "some of it is committed", PATIENCE_SECONDS)
        await asyncio.sleep(chance.uniform(0, 0.5))
        member.kill()
    member = lake_member(lake_corner, "only")
    await all_read(lake_corner, lake_corner.topics.lake_group)
    assert member.stop() == 0

    await judge_each_once(lake_corner)


async def test_members_that_come_and_go_lose_and_double_nothing(lake_corner: Pipeline) -> None:
    """The second joins while the first commits, then the first leaves, and the group is rebalanced each time."""
    first, second = lake_corner.service("lake"), lake_corner.service("lake")
    first.start()
    await publish(lake_corner, history(lake_corner, assets=500, count=400, seed=1))
    second.start()
    await publish(lake_corner, history(lake_corner, assets=500, count=400, seed=2))
    await eventually(partial(_owns_something, second), "the second owns partitions", PATIENCE_SECONDS)
    await publish(lake_corner, history(lake_corner, assets=500, count=400, seed=3))
    assert first.stop() == 0
    await publish(lake_corner, history(lake_corner, assets=500, count=200, seed=4))
    await all_read(lake_corner, lake_corner.topics.lake_group)
    assert second.stop() == 0

    await judge_each_once(lake_corner)


async def test_a_topic_that_is_made_anew_is_read_from_its_beginning(lake_corner: Pipeline) -> None:
    topic = lake_corner.topics.tagged
    member = lake_member(lake_corner, "only")
    await publish(lake_corner, _tagged(lake_corner, 50))
    await all_read(lake_corner, lake_corner.topics.lake_group)
    assert member.stop() == 0
    await _delete(lake_corner, topic)
    await make_topics(lake_corner.bootstrap, 4, topic)
    await publish(lake_corner, _tagged(lake_corner, 60))
    member = lake_member(lake_corner, "only")

    async def all_in() -> bool:
        return await asyncio.to_thread(row_count, lake_corner, TAGGED) >= 110

    await eventually(all_in, "both topics' records are in the table", PATIENCE_SECONDS)
    assert member.stop() == 0
    found = places(lake_corner, TAGGED)
    assert set(found.values()) == {1}
    assert sorted(Counter(place[0] for place in found).values()) == [50, 60]


async def test_a_record_that_is_none_is_a_dead_letter_and_leaves_no_gap(lake_corner: Pipeline) -> None:
    topic = lake_corner.topics.tagged
    await lake_corner.publish_raw(b"broken", b"{", topic)
    await publish(lake_corner, _tagged(lake_corner, 20))
    member = lake_member(lake_corner, "only")
    letter = await lake_corner.dead_letter("broken", topic)
    # Its offset goes in with the next batch.
    await publish(lake_corner, _tagged(lake_corner, 20))
    await all_read(lake_corner, lake_corner.topics.lake_group)

    assert letter.text("dlq-group") == lake_corner.topics.lake_group
    assert sum(places(lake_corner, TAGGED).values()) == 40
    ends = {partition: offset + 1 for partition, offset in sorted(await written(lake_corner, topic))}
    (ranges,) = offsets_held(lake_corner, TAGGED).values()
    assert ranges == {str(partition): f"0-{end}" for partition, end in ends.items()}
    assert member.readiness()["lake"] == "ok"
    assert 'aegis_lake_rows_total{table="asset_tagged"} 40.0' in member.answer("/metrics")
    assert member.stop() == 0


def _tagged(corner: Pipeline, count: int) -> Iterator[Record]:
    chance = random.Random(count)
    for number in range(count):
        asset_id = f"asset-{number}"
        yield corner.topics.tagged, asset_id.encode(), tagged(number, asset_id, chance), ()


async def _owns_something(member: ServiceProcess) -> bool:
    return any(event["event"] == "group.assigned" and event["partitions"] for event in member.events())


async def _delete(corner: Pipeline, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=corner.bootstrap)
    await admin.start()
    try:
        await admin.delete_topics([topic])

        async def gone() -> bool:
            return topic not in await admin.list_topics()

        await eventually(gone, "the topic is gone")
    finally:
        await admin.close()

"""Partitions whose logs answer are taken from, whatever ails the others of the same member."""

from __future__ import annotations

from collections.abc import Collection
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaTimeoutError
from aiokafka.structs import OffsetAndMetadata
from structlog.testing import capture_logs

from consumer.stream.observer import SilentObserver
from consumer.stream.partitions.assignment import Assignment
from consumer.stream.partitions.positions import Positions
from consumer.stream.partitions.source_topics import SourceTopics


class _Consumer:
    """Three partitions of a hundred records, of which some have no leader; the group stopped at 40 in each."""

    def __init__(self, *leaderless: int) -> None:
        self.leaderless = set(leaderless)
        self._coordinator = SimpleNamespace(fetch_committed_offsets=self._committed)

    async def beginning_offsets(self, places: Collection[TopicPartition]) -> dict[TopicPartition, int]:
        return self._answer(places, 0)

    async def end_offsets(self, places: Collection[TopicPartition]) -> dict[TopicPartition, int]:
        return self._answer(places, 100)

    def _answer(self, places: Collection[TopicPartition], offset: int) -> dict[TopicPartition, int]:
        if any(place.partition in self.leaderless for place in places):
            raise KafkaTimeoutError
        return dict.fromkeys(places, offset)

    async def _committed(self, places: Collection[TopicPartition]) -> dict[TopicPartition, Any]:
        return dict.fromkeys(places, OffsetAndMetadata(40, ""))


@pytest.mark.parametrize("leaderless", [(), (1,), (0, 2), (0, 1, 2)])
async def test_a_partition_without_a_leader_holds_up_no_other(leaderless: tuple[int, ...]) -> None:
    consumer = _Consumer(*leaderless)
    positions = Positions(consumer, SourceTopics([]), SilentObserver())
    assignments = [Assignment("t", number) for number in range(3)]

    with capture_logs() as logs:
        await positions.check_start(assignments)
    assert [item.partition for item in assignments if not item.is_placed] == list(leaderless)
    assert {item.next_offset for item in assignments if item.is_placed} <= {40}
    assert sorted(number for log in logs for number in log["partitions"]) == list(leaderless)

    consumer.leaderless.clear()
    await positions.check_start([item for item in assignments if not item.is_placed])
    assert {item.next_offset for item in assignments} == {40}

"""Publishing where no broker answers."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka.errors import KafkaConnectionError

from consumer.kafka.clients import make_producer
from consumer.kafka.publisher import Publisher
from consumer.kafka.records import Publication
from schemas.connections import KafkaConnection


async def test_each_attempt_fails_by_itself_and_leaves_nothing_behind() -> None:
    """However many: the next one begins anew, with a producer of its own."""
    made = 0

    def make() -> object:
        nonlocal made
        made += 1
        return make_producer(KafkaConnection(bootstrap="127.0.0.1:9"), "test")

    publisher = Publisher(make, timeout_seconds=5)
    for _ in range(6):
        with pytest.raises(KafkaConnectionError):
            await publisher.send([Publication("topic", b"key", b"value")])
    await publisher.stop()

    assert made == 6
    assert [task for task in asyncio.all_tasks() if "aiokafka" in repr(task)] == []


async def test_nothing_to_publish_asks_no_broker() -> None:
    def make() -> object:
        raise AssertionError("no producer is needed")

    publisher = Publisher(make, timeout_seconds=5)
    assert await publisher.send([]) == []
    await publisher.stop()

"""Whether a topic would take what we write, found out without writing."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiokafka.errors import KafkaError
from structlog.testing import capture_logs

from consumer.kafka.clients import make_producer
from consumer.kafka.destinations import tell_small_topics
from consumer.kafka.publisher import Publisher
from schemas.connections import KafkaConnection
from testkit.harness import Harness
from testkit.kafka_tools import make_topics, read_all


@pytest.fixture
async def publisher(harness: Harness) -> AsyncIterator[Publisher]:
    connection = KafkaConnection(bootstrap=harness.bootstrap)
    made = Publisher(lambda: make_producer(connection, "test", request_timeout_seconds=2), timeout_seconds=10)
    yield made
    await made.stop()


async def test_a_topic_is_asked_without_writing_to_it(harness: Harness, publisher: Publisher) -> None:
    for _ in range(3):
        await publisher.check_takes(harness.output)
    assert await read_all(harness.bootstrap, harness.output) == []


async def test_a_topic_that_is_missing_takes_nothing_and_how_to_make_it_is_told(
    harness: Harness, publisher: Publisher
) -> None:
    with pytest.raises(KafkaError, match="aegis topics apply"):
        await publisher.check_takes(f"{harness.output}.missing")


async def test_topics_that_take_less_than_we_may_write_are_told_with_what_to_set(harness: Harness) -> None:
    small = f"{harness.output}.small"
    await make_topics(harness.bootstrap, 1, small, config={"max.message.bytes": "1000"})

    with capture_logs() as logs:
        connection = KafkaConnection(bootstrap=harness.bootstrap)
        await tell_small_topics(connection, {small: 2000, harness.output: 2000, f"{small}.missing": 1})

    (told,) = logs
    assert told["log_level"] == "warning"
    assert (told["topic"], told["limit_bytes"], told["largest_bytes"]) == (small, 1000, 2000)
    assert "max.message.bytes=2000" in told["help"]

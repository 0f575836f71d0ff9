"""Writing thousands of records at once."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from functools import partial

import pytest
from aiokafka.errors import MessageSizeTooLargeError

from consumer.stream.clients import make_producer
from consumer.stream.publisher import Publisher
from consumer.stream.records import Publication
from schemas.connections import KafkaConnection
from tests.integration.kafka_tools import make_topics, read_all
from tests.integration.stream.harness import Harness

BATCH_BYTES = 10_000


@pytest.fixture
async def publisher(harness: Harness) -> AsyncIterator[Publisher]:
    make = partial(make_producer, KafkaConnection(bootstrap=harness.bootstrap), "test", max_batch_bytes=BATCH_BYTES)
    publisher = Publisher(make, timeout_seconds=30)
    yield publisher
    await publisher.stop()


async def test_they_lie_where_and_in_the_order_in_which_single_ones_would(
    harness: Harness, publisher: Publisher
) -> None:
    """Over many batches, and with one that is larger than a batch."""
    records = [(f"key-{number % 50}".encode(), str(number).encode() * 5) for number in range(5000)]
    records.insert(2500, (b"large", b"x" * 10 * BATCH_BYTES))
    single = f"{harness.output}.single"
    await make_topics(harness.bootstrap, 3, single)

    await publisher.send_in_batches(
        [Publication(harness.output, key, value, (("name", key),), 1_700_000_000_000) for key, value in records]
    )
    await publisher.send(
        [Publication(single, key, value, (("name", key),), 1_700_000_000_000) for key, value in records]
    )

    written = await read_all(harness.bootstrap, harness.output)
    assert written == await read_all(harness.bootstrap, single)
    assert len(written) == len(records)


async def test_a_partition_that_is_named_counts_more_than_the_key(harness: Harness, publisher: Publisher) -> None:
    for send in (publisher.send_in_batches, publisher.send):
        await send([Publication(harness.output, b"k", b"v", partition=number) for number in (2, 0, 1, 0)])

    written = await read_all(harness.bootstrap, harness.output)
    assert sorted(record.partition for record in written) == [0, 0, 0, 0, 1, 1, 2, 2]


async def test_one_that_the_topic_does_not_take_is_told(harness: Harness, publisher: Publisher) -> None:
    noise = random.Random(1).randbytes(3_000_000)
    with pytest.raises(MessageSizeTooLargeError):
        await publisher.send_in_batches([Publication(harness.output, b"k", value) for value in (b"v", noise)])

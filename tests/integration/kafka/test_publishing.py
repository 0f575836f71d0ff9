"""Writing thousands of records at once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from functools import partial

import pytest
from aiokafka.errors import MessageSizeTooLargeError, ProducerClosed

from consumer.kafka.clients import make_producer
from consumer.kafka.publisher import Publisher
from consumer.kafka.records import Publication
from schemas.connections import KafkaConnection
from testkit.harness import Harness
from testkit.kafka_tools import make_topics, read_all

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


async def test_after_a_refusal_its_partition_goes_on_and_the_others_never_stop(
    harness: Harness, publisher: Publisher
) -> None:
    """The idempotent producer has counted the refused batch: it would fail on that partition for ever."""
    small = f"{harness.output}.small"
    await make_topics(harness.bootstrap, 2, small, config={"max.message.bytes": "20000"})
    noise = random.Random(1).randbytes(60_000)

    with pytest.raises(MessageSizeTooLargeError):
        await publisher.send([Publication(small, b"k", noise, partition=0)])
    for number in range(20):
        value = str(number).encode()
        await publisher.send([Publication(small, b"k", value, partition=part) for part in (0, 1)])

    assert [record.value for record in await read_all(harness.bootstrap, small) if record.partition == 0] == [
        str(number).encode() for number in range(20)
    ]


@pytest.mark.parametrize("refused", [{0}, {0, 7, 8, 20, 30}])
async def test_a_record_that_shared_its_batch_with_a_refused_one_is_written(
    harness: Harness, refused: set[int]
) -> None:
    """Brokers refuse whole batches; only the records at fault are told so."""
    small = f"{harness.output}.small"
    await make_topics(harness.bootstrap, 1, small, config={"max.message.bytes": "20000"})
    connection = KafkaConnection(bootstrap=harness.bootstrap)
    publisher = Publisher(partial(make_producer, connection, "test"), timeout_seconds=30)
    noise = random.Random(1).randbytes(60_000)
    await publisher.send([Publication(small, b"k", b"first")])

    values = [noise if number in refused else str(number).encode() for number in range(31)]
    outcomes = await asyncio.gather(
        *(publisher.send([Publication(small, b"k", value)]) for value in values), return_exceptions=True
    )
    await publisher.stop()

    assert [type(outcome) for outcome in outcomes] == [
        MessageSizeTooLargeError if number in refused else list for number in range(31)
    ]
    written = [record.value for record in await read_all(harness.bootstrap, small)]
    assert sorted(value or b"" for value in written) == sorted(
        [b"first", *(value for value in values if value != noise)]
    )


async def test_once_stopped_it_writes_nothing_any_more(harness: Harness, publisher: Publisher) -> None:
    await publisher.send([Publication(harness.output, b"k", b"v")])
    await publisher.stop()
    with pytest.raises(ProducerClosed):
        await publisher.send([Publication(harness.output, b"k", b"late")])

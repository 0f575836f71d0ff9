"""Results that were given up with their partitions: nothing of them comes late."""

from __future__ import annotations

import asyncio

from consumer.kafka.clients import make_producer
from consumer.kafka.publisher import Publisher
from consumer.kafka.records import Publication
from devstack import Stack
from schemas.connections import KafkaConnection
from testkit.harness import Harness


async def test_records_whose_senders_were_cancelled_are_not_written_later(kafka: Stack, harness: Harness) -> None:
    """As when partitions are taken away in an outage: their next owner writes these records, and newer ones."""
    connection = KafkaConnection(bootstrap=harness.bootstrap)
    publisher = Publisher(lambda: make_producer(connection, "test"), timeout_seconds=60)
    await publisher.send([Publication(harness.output, b"k", b"first")])
    await asyncio.to_thread(kafka.stop, "kafka", kill=True)
    given_up = asyncio.create_task(publisher.send([Publication(harness.output, b"k", b"old")]))
    await asyncio.sleep(1)
    given_up.cancel()
    await asyncio.wait([given_up])

    await publisher.withdraw()

    await asyncio.to_thread(kafka.start, "kafka")
    await publisher.send([Publication(harness.output, b"k", b"new")])
    await publisher.stop()
    assert await harness.output_values() == [b"first", b"new"]

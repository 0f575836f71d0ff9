"""`aegis` as an extraction pipeline runs it, on topics and a bucket of its own."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import pytest

from testkit.kafka_tools import make_topics
from tests.integration.producer.outside import Outside
from tests.integration.producer.relay import Relay
from tests.unit.producer.commands import Aegis

_PARTITIONS = 3


@pytest.fixture
async def outside(
    s3_environment: Mapping[str, str], stack_environment: Mapping[str, str], topic_prefix: str
) -> AsyncIterator[Outside]:
    """What the world sees of the run: Kafka's records and the store's objects."""
    environment = {
        **stack_environment,
        **s3_environment,
        "AEGIS_KAFKA_BOOTSTRAP": stack_environment["AEGIS_KAFKA_BOOTSTRAP"],
        "AEGIS_TOPIC_PREFIX": topic_prefix,
        "AEGIS_S3_BUCKET": f"t{uuid.uuid4().hex[:12]}",
        "AEGIS_EXTRACT_CONNECT_SECONDS": "2",
        "AEGIS_EXTRACT_DELIVERY_SECONDS": "3",
    }
    found = Outside(environment)
    topics = (found.topics.extracted, found.topics.tagged, f"{found.topics.extracted}.dlq")
    await make_topics(found.bootstrap, _PARTITIONS, *topics)
    yield found
    # Buckets are dear: SeaweedFS lays out volumes for each, and has a bounded number of them.
    found.remove_bucket()


@pytest.fixture
def aegis(outside: Outside, tmp_path: Path) -> Aegis:
    return Aegis(tmp_path, outside.environment)


@pytest.fixture
def store_relay(outside: Outside) -> Iterator[Relay]:
    """A way to the store that a test can cut."""
    with Relay(outside.store.address) as relay:
        yield relay

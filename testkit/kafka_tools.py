"""Small tools of the integration tests: make topics, write records, read them all."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.cluster import ClusterMetadata
from aiokafka.errors import KafkaError, TopicAlreadyExistsError

from consumer.kafka.records import Headers


@dataclass(frozen=True, slots=True)
class Written:
    """A record as a test reads it back."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    timestamp_ms: int = 0

    def text(self, header: str) -> str:
        """Return the one header of this name."""
        (value,) = [value for name, value in self.headers if name == header]
        assert value is not None
        return value.decode()


async def delete_topics(bootstrap: str, kept: Iterable[str]) -> None:
    """Delete all topics but Kafka's own and those whose names begin like one of ``kept``, if the broker lets us."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    # Without a controller aiokafka fails with an AttributeError.
    with contextlib.suppress(KafkaError, AttributeError, TimeoutError):
        try:
            await admin.start()
            names = [name for name in await admin.list_topics() if not name.startswith(("__", *kept))]
            if names:
                await admin.delete_topics(names)
        finally:
            await admin.close()


async def make_topics(bootstrap: str, partitions: int, *names: str, config: dict[str, str] | None = None) -> None:
    """Create topics, and wait until the broker answers for them: the controller knows of them earlier."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:

        async def made() -> bool:
            try:
                with contextlib.suppress(TopicAlreadyExistsError):
                    await admin.create_topics([NewTopic(name, partitions, 1, topic_configs=config) for name in names])
            except AttributeError:
                # aiokafka asks the controller, which a broker that has just come back does not name yet.
                return False
            return True

        await eventually(made, f"the controller makes {', '.join(names)}")

        async def known() -> bool:
            described = await admin.describe_topics(list(names))
            return all(topic["error_code"] == 0 and topic["partitions"] for topic in described)

        await eventually(known, f"the broker knows {', '.join(names)}")
    finally:
        await admin.close()


async def limit_message_bytes(bootstrap: str, topic: str, max_message_bytes: int) -> None:
    """Let a topic take no records that are larger."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        configs = {"max.message.bytes": str(max_message_bytes)}
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs)])
    finally:
        await admin.close()


async def write(
    bootstrap: str,
    topic: str,
    records: Iterable[tuple[bytes | None, bytes | None]],
    *,
    partition: int | None = None,
    headers: Headers = (),
    timestamp_ms: int | None = None,
) -> list[tuple[int, int]]:
    """Write keys and values in order; return their (partition, offset)."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True, linger_ms=1)
    await producer.start()
    try:
        pending = [
            await producer.send(
                topic, value, key=key, headers=list(headers), partition=partition, timestamp_ms=timestamp_ms
            )
            for key, value in records
        ]
        return [(sent.partition, sent.offset) for sent in await asyncio.gather(*pending)]
    finally:
        await producer.stop()


async def read_all(bootstrap: str, topic: str) -> list[Written]:
    """Return everything a topic holds now, partition by partition."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest")
    await consumer.start()
    try:
        metadata = await _metadata(consumer)
        partitions = [TopicPartition(topic, number) for number in sorted(metadata.partitions_for_topic(topic) or ())]
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        records: list[Written] = []
        while any([await consumer.position(partition) < ends[partition] for partition in partitions]):
            for partition, messages in (await consumer.getmany(timeout_ms=500)).items():
                records.extend(
                    Written(partition.partition, item.offset, item.key, item.value, tuple(item.headers), item.timestamp)
                    for item in messages
                )
        return sorted(records, key=lambda item: (item.partition, item.offset))
    finally:
        await consumer.stop()


async def _metadata(consumer: AIOKafkaConsumer) -> ClusterMetadata:
    answers: list[ClusterMetadata] = []

    async def answered() -> bool:
        # A broker that has just come back names none, not even itself, and aiokafka takes that for an error.
        with contextlib.suppress(KafkaError):
            answers.append(await consumer._client.fetch_all_metadata())
        return bool(answers)

    await eventually(answered, "the cluster names its brokers")
    return answers[0]


async def committed(bootstrap: str, group: str, topic: str) -> dict[int, int]:
    """Return the group's committed offsets by partition; partitions without a commit are absent."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        offsets = await admin.list_consumer_group_offsets(group)
        return {
            partition.partition: found.offset
            for partition, found in offsets.items()
            if partition.topic == topic and found.offset >= 0
        }
    finally:
        await admin.close()


# A member whose request to join a broker forgot in an outage asks again after 65 s: aiokafka waits for the longest
# rebalance, and five seconds more.
_PATIENCE_SECONDS: Final = 90.0


async def eventually(
    condition: Callable[[], bool | Awaitable[bool]], what: str, timeout_seconds: float = _PATIENCE_SECONDS
) -> None:
    """Wait until the condition holds; fail with ``what`` when it does not in time."""
    deadline = time.monotonic() + timeout_seconds
    while time.monotonic() < deadline:
        holds = condition()
        if holds if isinstance(holds, bool) else await holds:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"not within {timeout_seconds:g} s: {what}")

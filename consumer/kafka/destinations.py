"""Whether the topics that we write to would take what we write, found out without writing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import structlog
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    KafkaError,
    LeaderNotAvailableError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
    for_code,
)
from aiokafka.protocol.produce import ProduceRequest

from consumer.kafka.clients import make_admin
from consumer.kafka.closing import started_admin
from consumer.kafka.errors import TopicUnusableError, explained
from schemas.connections import KafkaConnection

_log = structlog.get_logger(__name__)
_TIMEOUT_MS: Final = 5000
_LIMIT: Final = "max.message.bytes"
_NOBODY: Final = -1
_REFUSALS: Final = (TopicAuthorizationFailedError, ClusterAuthorizationFailedError, UnknownTopicOrPartitionError)


async def check_takes(producer: AIOKafkaProducer, topic: str) -> None:
    """Return when the brokers would take a record for the topic.

    They are sent none, which they refuse as invalid, but only after they have looked at our rights.

    Raises:
        KafkaError: they would not, or do not answer.

    """
    partition = min(await producer.partitions_for(topic))
    leader = producer.client.cluster.leader_for_partition(TopicPartition(topic, partition))
    if leader is None or leader == _NOBODY:
        raise LeaderNotAvailableError(f"{topic}[{partition}] has no leader")
    nothing = ProduceRequest(None, required_acks=-1, timeout=_TIMEOUT_MS, topics=[(topic, [(partition, b"")])])
    answer = await producer.client.send(leader, nothing)
    for _, answers in answer.topics:
        for _, code, *_ in answers:
            if for_code(code) in _REFUSALS:
                raise for_code(code)(topic)


async def tell_small_topics(connection: KafkaConnection, largest_bytes: Mapping[str, int]) -> None:
    """Warn of each topic that takes smaller records than we may write to it, by name and size.

    Nothing is told of a topic whose configuration we may not read; raises KafkaError where the brokers do not answer.
    """
    async with started_admin(make_admin(connection, "aegis-topics")) as admin:
        resources = [ConfigResource(ConfigResourceType.TOPIC, name, {_LIMIT: ""}) for name in largest_bytes]
        for response in await admin.describe_configs(resources):
            for _, _, _, name, entries in response.resources:
                for limit in (int(entry[1]) for entry in entries if entry[0] == _LIMIT):
                    _tell(name, limit, largest_bytes[name])


def _tell(topic: str, limit_bytes: int, largest_bytes: int) -> None:
    if limit_bytes < largest_bytes:
        _log.warning(
            "topic.too_small",
            topic=topic,
            limit_bytes=limit_bytes,
            largest_bytes=largest_bytes,
            help=f"larger records are refused: set its {_LIMIT}={largest_bytes} (kafka-configs.sh --alter)",
        )


def unusable(error: KafkaError, topic: str) -> TopicUnusableError:
    """Return why a topic takes nothing."""
    if isinstance(error, UnknownTopicOrPartitionError):
        return TopicUnusableError(f"topic {topic} is missing: create it (aegis topics apply)")
    return TopicUnusableError(f"topic {topic} takes no records now: {explained(error)}")


def unacknowledged(topic: str, seconds: float) -> TopicUnusableError:
    """Return why a topic takes nothing of which the brokers say nothing by themselves."""
    return TopicUnusableError(
        f"topic {topic} has not acknowledged a record for {seconds:.0f} s: fewer of its replicas are in sync than its "
        "min.insync.replicas asks for, or its brokers are overloaded"
    )

"""aiokafka clients with the settings that losing nothing requires; its traps are listed in docs/delivery.md."""

from __future__ import annotations

from collections.abc import Callable

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor

from consumer.stream.compression import compress_quickly
from consumer.stream.settings import StreamSettings
from schemas.connections import KafkaConnection
from schemas.header_names import read_any_header_name
from schemas.topics import DEAD_LETTER_MESSAGE_BYTES

_MS = 1000


def make_consumer(
    connection: KafkaConnection, settings: StreamSettings, kind: Callable[..., AIOKafkaConsumer] = AIOKafkaConsumer
) -> AIOKafkaConsumer:
    """Return a consumer that is not started and not subscribed."""
    read_any_header_name()
    return kind(
        **connection.client_options(),
        client_id=settings.client_id,
        group_id=settings.group,
        group_instance_id=settings.group_instance_id,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        partition_assignment_strategy=(StickyPartitionAssignor,),
        session_timeout_ms=int(settings.session_timeout_seconds * _MS),
        heartbeat_interval_ms=int(settings.session_timeout_seconds * _MS / 10),
        rebalance_timeout_ms=int(settings.rebalance_timeout_seconds * _MS),
        # Partitions that are added are read within a minute, not within five.
        metadata_max_age_ms=60_000,
        # A partition's fetch must hold the largest record, or the consumer never gets past it.
        max_partition_fetch_bytes=DEAD_LETTER_MESSAGE_BYTES,
        # Few bytes are prefetched: the backlog stays on the broker.
        fetch_max_bytes=4 * DEAD_LETTER_MESSAGE_BYTES,
    )


def make_producer(
    connection: KafkaConnection, client_id: str, *, max_batch_bytes: int = 128 * 1024
) -> AIOKafkaProducer:
    """Return an idempotent producer that is not started."""
    compress_quickly()
    return AIOKafkaProducer(
        **connection.client_options(),
        client_id=client_id,
        enable_idempotence=True,
        acks="all",
        compression_type="lz4",
        linger_ms=2,
        # What waits out an outage in the producer does not wait for room in a batch besides.
        max_batch_size=max_batch_bytes,
        max_request_size=DEAD_LETTER_MESSAGE_BYTES,
    )

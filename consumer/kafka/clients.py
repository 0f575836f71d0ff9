"""Every client of Kafka, with the settings that losing nothing requires; its traps are listed in docs/delivery.md."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol, TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.errors import KafkaError

from consumer.kafka.tokens import token_provider
from schemas.connections import KafkaConnection
from schemas.topics import DEAD_LETTER_MESSAGE_BYTES

_MS: Final = 1000
# Partitions that are added are read within a minute, not within five.
_METADATA_MAX_AGE_MS: Final = 60_000
_POLL_INTERVAL_SECONDS: Final = 300.0
_PATIENCE_SECONDS: Final = 60.0
_PAUSE_SECONDS: Final = 0.2

ResultT = TypeVar("ResultT")


class GroupMember(Protocol):
    """Who joins a consumer group: the stream engine's settings are one, :class:`Member` is another."""

    @property
    def group(self) -> str: ...
    @property
    def client_id(self) -> str: ...
    @property
    def group_instance_id(self) -> str | None: ...
    @property
    def session_timeout_seconds(self) -> float: ...
    @property
    def rebalance_timeout_seconds(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a group that is no stream engine."""

    group: str
    client_id: str
    session_timeout_seconds: float
    rebalance_timeout_seconds: float
    group_instance_id: str | None = None


def make_consumer(
    connection: KafkaConnection, member: GroupMember, *, max_poll_interval_seconds: float = _POLL_INTERVAL_SECONDS
) -> AIOKafkaConsumer:
    """Return a member of a group that is not started and not subscribed; it commits what it is told to, and no more."""
    return AIOKafkaConsumer(
        **_reading(connection, member.client_id, "earliest"),
        group_id=member.group,
        group_instance_id=member.group_instance_id,
        partition_assignment_strategy=(StickyPartitionAssignor,),
        session_timeout_ms=int(member.session_timeout_seconds * _MS),
        heartbeat_interval_ms=int(member.session_timeout_seconds * _MS / 10),
        rebalance_timeout_ms=int(member.rebalance_timeout_seconds * _MS),
        max_poll_interval_ms=int(max_poll_interval_seconds * _MS),
        # Few bytes are prefetched: the backlog stays on the broker.
        fetch_max_bytes=4 * DEAD_LETTER_MESSAGE_BYTES,
    )


def member_id(consumer: AIOKafkaConsumer) -> str:
    """Return by what the group knows this consumer; another after another process took its place."""
    return str(getattr(consumer._coordinator, "member_id", ""))  # noqa: SLF001 - there is no public way to it


def make_reader(
    connection: KafkaConnection,
    client_id: str,
    *topics: str,
    begin: Literal["earliest", "latest"] = "earliest",
    max_partition_fetch_bytes: int = DEAD_LETTER_MESSAGE_BYTES,
) -> AIOKafkaConsumer:
    """Return a consumer without a group, not started: it disturbs nobody and leaves no trace."""
    options = _reading(connection, client_id, begin) | {"max_partition_fetch_bytes": max_partition_fetch_bytes}
    return AIOKafkaConsumer(*topics, **options, group_id=None)


def _access(connection: KafkaConnection) -> dict[str, Any]:
    """Return where the brokers are and how we get in, as keyword arguments of aiokafka's clients."""
    options: dict[str, Any] = {
        "bootstrap_servers": connection.bootstrap,
        "security_protocol": connection.security_protocol,
    }
    if connection.uses_tls:
        options["ssl_context"] = connection.tls_context()
    if connection.uses_sasl:
        tokens, password = token_provider(connection), connection.sasl_password
        options["sasl_mechanism"] = "OAUTHBEARER" if tokens else connection.sasl_mechanism
        options["sasl_oauth_token_provider"] = tokens
        options["sasl_plain_username"] = connection.sasl_username
        options["sasl_plain_password"] = password.get_secret_value() if password else None
    return options


def _reading(connection: KafkaConnection, client_id: str, begin: str) -> dict[str, Any]:
    return {
        **_access(connection),
        "client_id": client_id,
        "enable_auto_commit": False,
        # What a producer took back, or has not decided on, never happened; ends and lags are those of what is decided.
        "isolation_level": "read_committed",
        "auto_offset_reset": begin,
        "metadata_max_age_ms": _METADATA_MAX_AGE_MS,
        # A partition's fetch must hold the largest record, or the consumer never gets past it.
        "max_partition_fetch_bytes": DEAD_LETTER_MESSAGE_BYTES,
    }


def make_producer(
    connection: KafkaConnection,
    client_id: str,
    *,
    max_batch_bytes: int = 128 * 1024,
    request_timeout_seconds: float = 40.0,
) -> AIOKafkaProducer:
    """Return an idempotent producer that is not started; a batch is given up after ``request_timeout_seconds``."""
    return AIOKafkaProducer(
        **_access(connection),
        client_id=client_id,
        enable_idempotence=True,
        acks="all",
        compression_type="lz4",
        linger_ms=2,
        # What waits out an outage in the producer does not wait for room in a batch besides.
        max_batch_size=max_batch_bytes,
        max_request_size=DEAD_LETTER_MESSAGE_BYTES,
        request_timeout_ms=int(request_timeout_seconds * _MS),
    )


def make_admin(
    connection: KafkaConnection, client_id: str, *, request_timeout_seconds: float = 20.0
) -> AIOKafkaAdminClient:
    """Return a client for topics and groups that is not started."""
    return AIOKafkaAdminClient(
        **_access(connection), client_id=client_id, request_timeout_ms=int(request_timeout_seconds * _MS)
    )


async def patiently(ask: Callable[[], Awaitable[ResultT]]) -> ResultT:
    """Ask again for a minute while brokers restart, or, as for the first group on a new cluster, are not ready yet.

    Raises:
        KafkaError: they still were not, or waiting cannot help.

    """
    give_up_at = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return await ask()
        except KafkaError as error:
            if not error.retriable or time.monotonic() > give_up_at:
                raise
            await asyncio.sleep(_PAUSE_SECONDS)

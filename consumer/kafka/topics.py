"""Making a deployment's topics, and comparing those that are there with what they should be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    KafkaError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
    for_code,
)

from consumer.kafka.clients import make_admin
from consumer.kafka.closing import started_admin
from consumer.kafka.errors import explained
from schemas import TopicSpec
from schemas.connections import KafkaConnection

_BROKER_DEFAULT: Final = -1
_NO_ERROR: Final = 0
_MIN_IN_SYNC: Final = "min.insync.replicas"
# With fewer, every restart of a broker would stop writing.
_COPIES_THAT_ALLOW_TWO_IN_SYNC: Final = 3
_CREATING: Final = {TopicAuthorizationFailedError: "grant our user Create on it (docs/access.md)"}
_READING_CONFIG: Final = {
    TopicAuthorizationFailedError: "grant our user DescribeConfigs on it (docs/access.md)",
    ClusterAuthorizationFailedError: (
        "it says how many replicas the brokers make by default: grant our user DescribeConfigs on the cluster "
        "(docs/access.md), or set AEGIS_TOPIC_REPLICATION_FACTOR"
    ),
}
_SETTLE_SECONDS: Final = 20.0
_PAUSE_SECONDS: Final = 0.1


class TopicsError(Exception):
    """The topics could not be made or read; one sentence says why."""


class TopicState(StrEnum):
    CREATED = "created"
    PRESENT = "present"
    DIFFERENT = "different"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class TopicReport:
    """One topic as it is. ``differences`` says in words where it departs from its spec; those are never changed."""

    spec: TopicSpec
    state: TopicState
    partitions: int
    replication: int
    differences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FoundTopic:
    """A topic as the brokers have it; ``replication`` is that of its partition with the fewest copies."""

    partitions: int
    replication: int
    config: Mapping[str, str]


async def apply_topics(
    connection: KafkaConnection, specs: Sequence[TopicSpec], *, replication_factor: int = _BROKER_DEFAULT
) -> list[TopicReport]:
    """Create the topics that are missing and report on all of them; one that differs is left as it is.

    Raises:
        TopicsError: the cluster does not answer, or refuses.

    """
    async with _admin(connection) as admin:
        existing = await _describe(admin, specs)
        missing = [spec for spec in specs if spec.name not in existing]
        copies = replication_factor
        if missing:
            if copies == _BROKER_DEFAULT:
                copies = await _default_replication(admin)
            await _create(admin, [safe(spec, copies) for spec in missing], copies)
        created = {spec.name for spec in missing}
        return [
            TopicReport(spec, TopicState.CREATED, spec.partitions, copies)
            if spec.name in created
            else compare(spec, existing[spec.name], replication_factor)
            for spec in specs
        ]


async def list_topics(
    connection: KafkaConnection, specs: Sequence[TopicSpec], *, replication_factor: int = _BROKER_DEFAULT
) -> list[TopicReport]:
    """Report on the topics and change nothing; raises TopicsError."""
    async with _admin(connection) as admin:
        existing = await _describe(admin, specs)
        return [
            compare(spec, existing[spec.name], replication_factor)
            if spec.name in existing
            else TopicReport(spec, TopicState.MISSING, 0, 0)
            for spec in specs
        ]


def safe(spec: TopicSpec, copies: int) -> TopicSpec:
    """Return the topic with as many replicas in sync for each write as so many copies allow.

    With one, which is the brokers' default, an acknowledged record can lie on a single disk.
    """
    if copies < _COPIES_THAT_ALLOW_TWO_IN_SYNC:
        return spec
    return replace(spec, config={_MIN_IN_SYNC: "2", **spec.config})


@asynccontextmanager
async def _admin(connection: KafkaConnection) -> AsyncIterator[AIOKafkaAdminClient]:
    try:
        async with started_admin(make_admin(connection, "aegis-topics")) as admin:
            await _settle(admin)
            yield admin
    except (KafkaError, OSError, TimeoutError) as error:
        raise TopicsError(f"Kafka at {connection.bootstrap} cannot be used: {explained(error)}") from error


async def _settle(admin: AIOKafkaAdminClient) -> None:
    """Wait for brokers and a controller: a cluster that has just come back names none, and aiokafka reads on."""
    client = admin._client  # noqa: SLF001 - what the admin client goes by, and there is no public way that waits
    try:
        async with asyncio.timeout(_SETTLE_SECONDS):
            while client.cluster.controller is None:
                await client.force_metadata_update()
                await asyncio.sleep(_PAUSE_SECONDS)
    except TimeoutError as error:
        raise KafkaError(f"it has named no controller for {_SETTLE_SECONDS:g} s") from error


async def _describe(admin: AIOKafkaAdminClient, specs: Sequence[TopicSpec]) -> dict[str, FoundTopic]:
    # All topics are asked for: naming one that is missing could make the broker create it.
    wanted = {spec.name: spec for spec in specs}
    described = {item["topic"]: item["partitions"] for item in await admin.describe_topics()}
    there = [name for name in wanted if name in described]
    configs = await _topic_configs(admin, there, {_MIN_IN_SYNC, *(name for spec in specs for name in spec.config)})
    return {
        name: FoundTopic(
            partitions=len(described[name]),
            replication=min((len(partition["replicas"]) for partition in described[name]), default=0),
            config=configs.get(name, {}),
        )
        for name in there
    }


async def _topic_configs(
    admin: AIOKafkaAdminClient, names: Sequence[str], keys: set[str]
) -> dict[str, Mapping[str, str]]:
    if not names:
        return {}
    resources = [ConfigResource(ConfigResourceType.TOPIC, name, dict.fromkeys(keys, "")) for name in names]
    return dict([entry for response in await admin.describe_configs(resources) for entry in _configs_in(response)])


async def _default_replication(admin: AIOKafkaAdminClient) -> int:
    """Ask the controller; the create request of our client is too old to leave the choice to it."""
    controller = admin._client.cluster.controller  # noqa: SLF001 - the cluster's answer anew may name none
    resource = ConfigResource(ConfigResourceType.BROKER, str(controller.nodeId), None)
    for response in await admin.describe_configs([resource]):
        for _, config in _configs_in(response):
            return int(config.get("default.replication.factor", "1"))
    return 1


def _configs_in(response: Any) -> list[tuple[str, Mapping[str, str]]]:
    configs: list[tuple[str, Mapping[str, str]]] = []
    for code, message, kind, name, entries in response.resources:
        if code != _NO_ERROR:
            whose = ConfigResourceType(kind).name.lower()
            raise _refused(code, message, f"the configuration of {whose} {name} cannot be read", _READING_CONFIG)
        configs.append((name, {entry[0]: entry[1] for entry in entries}))
    return configs


async def _create(admin: AIOKafkaAdminClient, specs: Sequence[TopicSpec], replication_factor: int) -> None:
    response = await admin.create_topics(
        [NewTopic(spec.name, spec.partitions, replication_factor, topic_configs=dict(spec.config)) for spec in specs]
    )
    for name, code, *rest in response.topic_errors:
        # Another `apply` at the same moment may have been first.
        if code not in {_NO_ERROR, TopicAlreadyExistsError.errno}:
            raise _refused(code, rest[0] if rest else None, f"topic {name} could not be created", _CREATING)


def _refused(code: int, message: str | None, what: str, rights: Mapping[type[KafkaError], str]) -> TopicsError:
    """Return the error for a code of the brokers; one of authorization names the right that is missing."""
    kind = for_code(code)
    error = TopicsError(f"{what}: {rights.get(kind) or message or kind.__name__}")
    error.__cause__ = kind()
    return error


def compare(spec: TopicSpec, found: FoundTopic, replication_factor: int = _BROKER_DEFAULT) -> TopicReport:
    """Report where a topic differs from how it would be made; more replicas in sync than two are no difference."""
    differences = []
    in_sync, two = found.config.get(_MIN_IN_SYNC, "1"), safe(spec, found.replication).config.get(_MIN_IN_SYNC)
    if replication_factor not in {_BROKER_DEFAULT, found.replication}:
        differences.append(f"{found.replication} replicas, not {replication_factor}")
    if two is not None and int(in_sync) < int(two):
        differences.append(f"{_MIN_IN_SYNC}={in_sync}, not {two}")
    if int(in_sync) > found.replication > 0:
        differences.append(
            f"{_MIN_IN_SYNC}={in_sync}, more than its replicas ({found.replication}): older Kafka takes no record "
            "there, newer makes do with them; add replicas with kafka-reassign-partitions.sh, "
            f"or set it to {found.replication} with kafka-configs.sh"
        )
    if found.partitions != spec.partitions:
        differences.append(f"{found.partitions} partitions, not {spec.partitions}")
    differences.extend(
        f"{key}={found.config.get(key)}, not {value}"
        for key, value in spec.config.items()
        if found.config.get(key) != value
    )
    state = TopicState.DIFFERENT if differences else TopicState.PRESENT
    return TopicReport(spec, state, found.partitions, found.replication, tuple(differences))

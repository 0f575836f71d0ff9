"""Removals as the command line asks for them: all of them known, acknowledged, and seen in the tables."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from time import monotonic
from typing import Final

import click
from aiokafka.errors import KafkaError

from aegis.shared.errors import UserError
from aegis.shared.kafka_errors import kafka_error, silence_clients
from consumer.kafka.clients import make_producer
from consumer.kafka.errors import explained, missing_topic
from consumer.kafka.publisher import Publisher, PublishTimeoutError
from consumer.kafka.records import Publication
from consumer.kafka.topic_reader import TopicReader
from consumer.kafka.topics import TopicsError
from consumer.storage.errors import DatabaseError
from consumer.storage.tables.reads import TagReader
from consumer.storage.tables.verdict_reads import stored_assets
from schemas.connections import DatabaseConnection, KafkaConnection, TopicSettings

_PUBLISH_SECONDS: Final = 20.0
_LOOK_SECONDS: Final = 0.1
_SHOWN: Final = 3


def remove_assets(asset_ids: Sequence[str], *, force: bool, wait_seconds: float) -> bool:
    """Publish the removals; return whether the tables have none of the assets any more.

    Raises click.ClickException: an id is not stored (nothing is removed then), or Kafka or the database is away.
    """
    silence_clients()
    kafka, topic = KafkaConnection(), TopicSettings().topics.extracted

    async def run() -> bool:
        async with await TagReader.open(DatabaseConnection()) as reader:
            if not force:
                _check_known(asset_ids, await stored_assets(reader, asset_ids))
            await _publish(kafka, topic, asset_ids)
            return await _are_gone(reader, asset_ids, wait_seconds)

    try:
        return asyncio.run(run())
    except TopicsError as error:
        raise UserError(str(error)) from error
    except DatabaseError as error:
        raise click.ClickException(str(error)) from error
    except (KafkaError, OSError) as error:
        text = f"not all are removed, Kafka at {kafka.bootstrap} cannot be used: {explained(error)}"
        raise kafka_error(error, text) from error


def _check_known(asset_ids: Sequence[str], stored: Collection[str]) -> None:
    unknown = [asset_id for asset_id in asset_ids if asset_id not in stored]
    if unknown:
        more = f" and {len(unknown) - _SHOWN} more" if len(unknown) > _SHOWN else ""
        named = ", ".join(map(repr, unknown[:_SHOWN]))
        raise click.ClickException(
            f"nothing is removed: no asset {named}{more} is stored; aegis search --text finds ids, "
            "--force removes what is not stored"
        )


async def _publish(kafka: KafkaConnection, topic: str, asset_ids: Sequence[str]) -> None:
    publisher = Publisher(lambda: make_producer(kafka, "aegis-remove"), _PUBLISH_SECONDS)
    try:
        await publisher.send([Publication(topic, asset_id.encode(), None) for asset_id in asset_ids])
    except PublishTimeoutError:
        # aiokafka waits for a topic that is not there without a word.
        async with TopicReader(kafka, topic) as looking:
            if not await looking.extent():
                raise TopicsError(missing_topic(topic)) from None
        raise
    finally:
        await publisher.stop()


async def _are_gone(reader: TagReader, asset_ids: Sequence[str], timeout_seconds: float) -> bool:
    until = monotonic() + timeout_seconds
    while await stored_assets(reader, asset_ids):
        if monotonic() >= until:
            return False
        await asyncio.sleep(_LOOK_SECONDS)
    return True

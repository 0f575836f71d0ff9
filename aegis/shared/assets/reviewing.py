"""What the verbs that publish people's words share: a desk of their own, and its errors as sentences."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import click
from aiokafka.errors import KafkaError

from aegis.shared.bundles import told, vocabulary_of_settings
from aegis.shared.errors import UserError
from aegis.shared.kafka_errors import kafka_error, silence_clients
from consumer.kafka.clients import make_producer
from consumer.kafka.errors import explained, missing_topic
from consumer.kafka.publisher import Publisher, PublishTimeoutError
from consumer.kafka.topic_reader import TopicReader
from consumer.kafka.topics import TopicsError
from consumer.reviewing.deciding import NewTagError, SaidError
from consumer.reviewing.desk import ReviewDesk
from consumer.storage.errors import DatabaseError
from consumer.storage.tables.reads import TagReader
from consumer.tagging.bundle.vocabulary import Vocabulary
from consumer.tracing.setup import tracing
from schemas.connections import DatabaseConnection, KafkaConnection, TopicSettings

ResultT = TypeVar("ResultT")
_PUBLISH_SECONDS: Final = 20.0
NOT_STORED_YET: Final = "saved, but the sink has not stored it yet: see that one runs (aegis run sink)"


def vocabulary() -> Vocabulary:
    """Return that of the bundle and the overlay that the settings name; raises UserError."""
    with told():
        return Vocabulary.of(vocabulary_of_settings())


def at_desk(work: Callable[[ReviewDesk, TagReader], Awaitable[ResultT]]) -> ResultT:
    """Run ``work`` at a desk for verdicts; raises click.ClickException with one sentence."""
    silence_clients()
    kafka, database, topics, known = KafkaConnection(), DatabaseConnection(), TopicSettings().topics, vocabulary()

    async def run() -> ResultT:
        publisher = Publisher(lambda: make_producer(kafka, "aegis-verdict"), _PUBLISH_SECONDS)
        try:
            async with await TagReader.open(database) as reader:
                desk = ReviewDesk(reader, publisher, topics, known, source="/aegis/verdict")
                return await work(desk, reader)
        except PublishTimeoutError:
            # aiokafka waits for a topic that is not there without a word.
            async with TopicReader(kafka, topics.reviewed) as looking:
                if not await looking.extent():
                    raise TopicsError(missing_topic(topics.reviewed)) from None
            raise
        finally:
            await publisher.stop()

    try:
        with tracing("aegis-verdict"):
            return asyncio.run(run())
    except TopicsError as error:
        raise UserError(str(error)) from error
    except NewTagError as error:
        raise UserError(f"{error}; a tag of your own needs --new and --category") from error
    except SaidError as error:
        raise click.ClickException(str(error)) from error
    except DatabaseError as error:
        raise click.ClickException(str(error)) from error
    except (KafkaError, OSError) as error:
        text = f"the verdict is not saved, Kafka at {kafka.bootstrap} cannot be used: {explained(error)}"
        raise kafka_error(error, text) from error

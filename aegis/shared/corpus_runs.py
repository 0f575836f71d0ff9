"""What the verbs that run over the whole corpus share: signals, errors, the topic they write to."""

from __future__ import annotations

import asyncio
import logging
import re
import signal
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

import click
from aiokafka.errors import KafkaError

from aegis.shared.errors import UserError
from aegis.shared.kafka_errors import kafka_error
from consumer.kafka.errors import explained
from consumer.kafka.topics import TopicsError, apply_topics
from consumer.replay.plans.plan import PlanError
from consumer.services.errors import StartupError
from consumer.storage.errors import DatabaseError
from consumer.telemetry.logs import configure_logging
from consumer.tracing.setup import tracing
from schemas import dead_letter_topic
from schemas.connections import KafkaConnection, TopicSettings

ResultT = TypeVar("ResultT")


def run_until_signal(work: Callable[[asyncio.Event], Awaitable[ResultT]]) -> ResultT:
    """Run ``work`` with an event that SIGINT and SIGTERM set; raises click.ClickException with one sentence."""

    async def run() -> ResultT:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        return await work(stop)

    configure_logging("WARNING", "auto")
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL + 1)
    try:
        with tracing("aegis-replay"):
            return asyncio.run(run())
    except (PlanError, StartupError) as error:
        raise UserError(str(error)) from error
    except DatabaseError as error:
        raise click.ClickException(str(error)) from error
    except (KafkaError, OSError) as error:
        bootstrap = KafkaConnection().bootstrap
        raise kafka_error(error, f"Kafka at {bootstrap} cannot be used: {explained(error)}") from error


def check_name(name: str) -> str:
    """Return the name of a run; raises UserError where it cannot be part of a consumer group's."""
    if not re.match(r"^[A-Za-z0-9._-]{1,100}$", name):
        raise UserError(f"--name {name!r}: letters, digits, dots, dashes and underscores only")
    return name


def make_output_topic(name: str) -> None:
    """Make a topic that holds tags as asset-tagged does, and its dead-letter topic, unless they are there."""
    settings = TopicSettings()
    topics = settings.topics
    if name in {topics.extracted, dead_letter_topic(topics.extracted)}:
        raise UserError(f"--output-topic {name}: this topic holds what was extracted, not tags")
    renamed = {topics.tagged: name, dead_letter_topic(topics.tagged): dead_letter_topic(name)}
    specs = [
        replace(spec, name=renamed[spec.name]) for spec in topics.specs(settings.partitions) if spec.name in renamed
    ]
    try:
        asyncio.run(apply_topics(KafkaConnection(), specs, replication_factor=settings.replication_factor))
    except TopicsError as error:
        raise kafka_error(error) from error

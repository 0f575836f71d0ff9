"""From a new consumer to a subscribed one, however long the brokers are away."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import KafkaError

from consumer.concurrency.backoff import Backoff
from consumer.concurrency.waits import end, first_of
from consumer.kafka.errors import FATAL_ERRORS, HIDDEN_TOPIC
from consumer.stream.partitions.source_topics import SourceTopics

_log = structlog.get_logger(__name__)
_LOOKS_AGAIN_SECONDS = 5.0
_MISSING_TOPIC = f"create it: aegis topics apply; {HIDDEN_TOPIC}"


async def connect(
    consumer: AIOKafkaConsumer,
    topics: Sequence[str],
    source: SourceTopics,
    listener: ConsumerRebalanceListener,
    *,
    backoff: Backoff,
    stop: asyncio.Event,
) -> bool:
    """Connect, wait for the topics, and subscribe; False when stopped before.

    Raises:
        KafkaError: one of :data:`FATAL_ERRORS`.

    """

    async def topics_appear() -> None:
        while missing := set(topics).difference(await consumer.topics()):
            for topic in sorted(missing):
                _log.warning("topic.missing", topic=topic, help=_MISSING_TOPIC)
            await asyncio.sleep(_LOOKS_AGAIN_SECONDS)
        await source.learn(consumer)

    if await _reach(consumer.start, backoff, stop) and await _reach(topics_appear, backoff, stop):
        consumer.subscribe(list(topics), listener=listener)
        return True
    return False


async def _reach(call: Callable[[], Awaitable[None]], backoff: Backoff, stop: asyncio.Event) -> bool:
    """Call until it succeeds, for as long as the brokers cannot be reached; False when stopped before."""
    attempt = 0
    while not stop.is_set():
        calling = asyncio.ensure_future(call())
        try:
            await first_of(stop.wait(), also=calling)
            if calling.done():
                calling.result()
                return True
        except FATAL_ERRORS:
            raise
        except KafkaError as error:
            attempt += 1
            delay_seconds = backoff.delay_seconds(attempt)
            _log.warning("kafka.unreachable", error=str(error), retry_in_seconds=round(delay_seconds, 1))
            await first_of(stop.wait(), timeout_seconds=delay_seconds)
        finally:
            await end(calling)
    return False

"""Writing to Kafka so that an acknowledged record is on all in-sync replicas, once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from consumer.stream.records import Publication

_log = structlog.get_logger(__name__)
_FAILURES_BEFORE_REBUILD = 3
_STOP_TIMEOUT_SECONDS = 10.0


class PublishTimeoutError(KafkaError):  # type: ignore[misc]  # aiokafka is untyped
    """The broker did not acknowledge in time; the record may still arrive, and is the same when sent again."""


class Publisher:
    """An idempotent producer that replaces itself when it no longer gets anything through.

    A producer can end up in a state it never leaves (aiokafka #1039, #905); a new one costs a moment, and the
    deterministic event ids make a record that was written twice harmless.
    """

    def __init__(self, make_producer: Callable[[], AIOKafkaProducer], timeout_seconds: float) -> None:
        self._make_producer = make_producer
        self._timeout_seconds = timeout_seconds
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()
        self._failures_in_a_row = 0

    async def send(self, publications: Sequence[Publication]) -> list[Any]:
        """Write records in order and return when all are acknowledged: where each of them lies.

        Raises:
            KafkaError: not acknowledged; the same records may be sent again.
            MessageSizeTooLargeError: a record is larger than the topic takes; sending again cannot help.

        """
        if not publications:
            return []
        try:
            async with asyncio.timeout(self._timeout_seconds):
                producer = await self._started()
                acknowledgements = [
                    await producer.send(item.topic, item.value, key=item.key, headers=list(item.headers))
                    for item in publications
                ]
                places = await asyncio.gather(*acknowledgements)
        except MessageSizeTooLargeError:
            raise
        except TimeoutError as error:
            await self._note_failure()
            raise PublishTimeoutError(f"no acknowledgement within {self._timeout_seconds:g} s") from error
        except KafkaError:
            await self._note_failure()
            raise
        self._failures_in_a_row = 0
        return places

    async def stop(self) -> None:
        """Flush and close; gives up after some seconds, since what is not acknowledged is not committed either."""
        producer, self._producer = self._producer, None
        if producer is not None:
            with suppress(TimeoutError, KafkaError):
                async with asyncio.timeout(_STOP_TIMEOUT_SECONDS):
                    await producer.stop()

    async def _started(self) -> AIOKafkaProducer:
        async with self._starting:
            if self._producer is None:
                producer = self._make_producer()
                try:
                    await producer.start()
                except BaseException:
                    await producer.stop()
                    raise
                self._producer = producer
            return self._producer

    async def _note_failure(self) -> None:
        self._failures_in_a_row += 1
        if self._failures_in_a_row >= _FAILURES_BEFORE_REBUILD and self._producer is not None:
            _log.warning("producer.rebuilt", failures_in_a_row=self._failures_in_a_row)
            self._failures_in_a_row = 0
            await self.stop()

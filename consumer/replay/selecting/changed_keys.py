"""What was extracted again, or removed, since a replay's plan was fixed: live tagging has seen to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, Self

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from consumer.kafka.clients import make_reader
from consumer.kafka.closing import close_consumer
from consumer.replay.plans.plan import Plan
from consumer.replay.selecting.newest import key_digest
from schemas.connections import KafkaConnection

_log = structlog.get_logger(__name__)
_POLL_MS: Final = 500
_PAUSE_SECONDS: Final = 1.0
_CLOSE_SECONDS: Final = 10.0


class ChangedSince:
    """Follows the topic from the plan's end on, and remembers the keys, some 100 bytes each.

    Without it a replay of hours would tag what was removed hours ago; the tables would know better, but
    whoever else follows the tags would not.
    """

    def __init__(
        self, kafka: KafkaConnection, topic: str, plan: Plan, ignored: Callable[[Any], bool] = lambda _: False
    ) -> None:
        """Connects to nothing yet; ``ignored`` tells of a record whether it is the run's own."""
        self._plan = {TopicPartition(topic, number): part.end for number, part in plan.partitions.items()}
        self._consumer = make_reader(kafka, "aegis-changed-keys")
        self._ignored = ignored
        self._keys: set[bytes] = set()
        self._following: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Return when all that is written up to now is known."""
        try:
            await self._consumer.start()
            self._consumer.assign(list(self._plan))
            for place, offset in self._plan.items():
                self._consumer.seek(place, offset)
            ends = await self._consumer.end_offsets(list(self._plan))
            while any([await self._consumer.position(place) < end for place, end in ends.items()]):
                self._take(await self._consumer.getmany(timeout_ms=_POLL_MS))
        except BaseException:
            await close_consumer(self._consumer, _CLOSE_SECONDS)
            raise
        self._following = asyncio.create_task(self._follow(), name="changed-since")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._following is not None:
            self._following.cancel()
            with suppress(asyncio.CancelledError):
                await self._following
        await close_consumer(self._consumer, _CLOSE_SECONDS)

    def holds(self, key: bytes | None) -> bool:
        return bool(self._keys) and key_digest(key or b"") in self._keys

    async def _follow(self) -> None:
        while True:
            try:
                self._take(await self._consumer.getmany(timeout_ms=_POLL_MS))
            except KafkaError as error:
                _log.warning("replay.following_failed", error_class=type(error).__name__, error=str(error))
                await asyncio.sleep(_PAUSE_SECONDS)

    def _take(self, batches: dict[TopicPartition, list[Any]]) -> None:
        for records in batches.values():
            self._keys.update(key_digest(record.key or b"") for record in records if not self._ignored(record))

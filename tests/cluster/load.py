"""Events at a steady pace, and how far they have come: which were acknowledged, and which have a row."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import asyncpg
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas import AssetExtracted, ObjectRef, encode_event, event_headers
from testkit.running import Pipeline

PREFIX = "cluster/"
_EVERY_SECONDS = 0.1
_LOOK_SECONDS = 0.25


@dataclass(slots=True)
class Load:
    """Assets by their number; the number of the next is what is waited for after a fault."""

    pipeline: Pipeline
    bootstrap: str
    objects: Sequence[ObjectRef]
    sent: int = 0
    acknowledged: set[int] = field(default_factory=set)

    async def publish(self) -> None:
        """Publish until cancelled; then wait for what was sent, which an outage delays but does not fail."""
        producer = AIOKafkaProducer(
            bootstrap_servers=self.bootstrap, enable_idempotence=True, acks="all", request_timeout_ms=120_000
        )
        await producer.start()
        waiting: set[asyncio.Task[None]] = set()
        try:
            while True:
                waiting.add(asyncio.create_task(self._publish_one(producer, self.sent)))
                self.sent += 1
                await asyncio.sleep(_EVERY_SECONDS)
        finally:
            await asyncio.wait(waiting)
            await producer.stop()

    async def stored_after(self, number: int, timeout_seconds: float) -> float | None:
        """Return the seconds until an asset that is newer than this has a row, None if that takes too long."""
        started = time.monotonic()
        while time.monotonic() - started < timeout_seconds:
            if any(stored > number for stored in await self.stored()):
                return time.monotonic() - started
            await asyncio.sleep(_LOOK_SECONDS)
        return None

    async def stored(self) -> set[int]:
        """Return the numbers of the assets that have a row; none while the database does not answer."""
        try:
            rows = await self.pipeline.rows("SELECT asset_id FROM assets WHERE asset_id LIKE $1", f"{PREFIX}%")
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError):
            return set()
        return {int(row["asset_id"].removeprefix(PREFIX)) for row in rows}

    async def _publish_one(self, producer: AIOKafkaProducer, number: int) -> None:
        event = self._event(number)
        headers = list(event_headers(event, source="/cluster"))
        try:
            await producer.send_and_wait(
                self.pipeline.topics.extracted, encode_event(event), key=event.asset_id.encode(), headers=headers
            )
        except KafkaError:
            return
        self.acknowledged.add(number)

    def _event(self, number: int) -> AssetExtracted:
        return self.pipeline.event(f"{PREFIX}{number}", self.objects[number % len(self.objects)])

"""Delivering events while the extraction goes on: upload, publish, or keep in the spool."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from uuid import UUID

from consumer.tracing.spans import step
from producer_tools.delivery.services import Services
from producer_tools.delivery.spool import Spool
from producer_tools.errors import DeliveryError, EventRefusedError, SpoolError
from schemas import AssetExtracted

_IN_FLIGHT: Final = 256


class State(StrEnum):
    """What became of an event."""

    PUBLISHED = "published"
    SPOOLED = "spooled"
    REFUSED = "refused"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Delivered:
    """The end of one event's way; ``reason`` says why it is not published."""

    event_id: UUID
    asset_id: str
    state: State
    reason: str | None = None


class Delivery:
    """Takes events as they come, a bounded number in flight; on leaving the context all of them have their end.

    An event is published only once its object is stored. What a service does not take goes to the spool.
    """

    def __init__(self, services: Services, spool: Spool, on_end: Callable[[Delivered], None]) -> None:
        self._services = services
        self._spool = spool
        self._on_end = on_end
        self._slots = asyncio.Semaphore(_IN_FLIGHT)
        self._spooling = asyncio.Lock()
        self._tasks = asyncio.TaskGroup()

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Whatever ended the extraction early, an interrupt too: what was taken is delivered or spooled, not dropped.
        await self._tasks.__aexit__(None, None, None)

    async def offer(self, event: AssetExtracted, png: Path) -> None:
        """Take one event, whose object is the PNG; waits while too many are in flight."""
        await self._slots.acquire()
        self._tasks.create_task(self._deliver(event, png))

    async def _deliver(self, event: AssetExtracted, png: Path) -> None:
        try:
            with step("deliver"):
                with step("upload"):
                    await self._services.upload(event.object.key, png, event.object.content_type)
                await self._services.publish(event)
            self._end(event, State.PUBLISHED)
        except EventRefusedError as refused:
            self._end(event, State.REFUSED, str(refused))
        except DeliveryError as outage:
            await self._keep(event, png, str(outage))
        finally:
            self._slots.release()

    async def _keep(self, event: AssetExtracted, png: Path, outage: str) -> None:
        try:
            async with self._spooling:
                await asyncio.to_thread(self._spool.add, event, png)
            self._end(event, State.SPOOLED, outage)
        except SpoolError as error:
            self._end(event, State.LOST, str(error))

    def _end(self, event: AssetExtracted, state: State, reason: str | None = None) -> None:
        self._on_end(Delivered(event.event_id, event.asset_id, state, reason))

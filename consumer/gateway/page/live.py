"""What happens now, as server-sent events: one question to the database a second, however many pages are open."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Final

import structlog

from consumer.gateway.refusals import full
from consumer.storage.errors import DatabaseError
from consumer.storage.tables.reads import TagReader
from consumer.storage.tables.textures import Arrivals

_log = structlog.get_logger(__name__)
_LOOK_SECONDS: Final = 1.0
_AFTER_ERROR_SECONDS: Final = 5.0
# A proxy takes a connection that says nothing for dead.
_SILENT_SECONDS: Final = 15.0
_MAX_STREAMS: Final = 256


class LiveFeed:
    """Tells open pages how many textures arrived; asks nobody while no page is open."""

    def __init__(self, reader: TagReader) -> None:
        self._arrivals = Arrivals(reader)
        self._changed = asyncio.Condition()
        self._streams = 0
        self._arrived = 0
        self._ended = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None

    def stream(self) -> AsyncIterator[str]:
        """Return the events of one page; raises RefusedError where too many listen already."""
        if self._streams >= _MAX_STREAMS or self._ended.is_set():
            raise full(f"{self._streams} pages are told of news, which is the limit: reload later", 503)
        return self._events()

    async def close(self) -> None:
        """End every stream."""
        self._ended.set()
        async with self._changed:
            self._changed.notify_all()
        if self._looking is not None:
            self._looking.cancel()
            with suppress(asyncio.CancelledError):
                await self._looking

    async def _events(self) -> AsyncIterator[str]:
        self._streams += 1
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look(), name="live-feed")
        try:
            told = self._arrived
            yield "retry: 3000\n\n"
            while not self._ended.is_set():
                try:
                    async with asyncio.timeout(_SILENT_SECONDS), self._changed:
                        while not self._ended.is_set() and self._arrived == told:
                            await self._changed.wait()
                except TimeoutError:
                    yield ": still here\n\n"
                    continue
                if self._arrived != told:
                    yield f"event: arrived\ndata: {json.dumps({'count': self._arrived - told})}\n\n"
                    told = self._arrived
        finally:
            self._streams -= 1

    async def _look(self) -> None:
        while self._streams:
            try:
                count = await self._arrivals.new()
            except DatabaseError as error:
                _log.warning("live.not_asked", error=str(error), again_in_seconds=_AFTER_ERROR_SECONDS)
                await asyncio.sleep(_AFTER_ERROR_SECONDS)
                continue
            if count:
                self._arrived += count
                async with self._changed:
                    self._changed.notify_all()
            await asyncio.sleep(_LOOK_SECONDS)

"""How far the sink has stored asset-tagged, for those who read the tables behind it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import structlog

from consumer.kafka.errors import explained
from consumer.kafka.records import SourceRecord

_log = structlog.get_logger(__name__)
_LOOK_SECONDS: Final = 0.5
_UNKNOWN_SECONDS: Final = 5.0
# A sink at work commits every second.
_LONG_SECONDS: Final = 15.0

# Topic and partition.
Place = tuple[str, int]


class SinkProgress:
    """Lets records wait until the sink's group has committed them; one question for all that wait."""

    def __init__(self, group: str, ask: Callable[[], Awaitable[Mapping[Place, int]]]) -> None:
        """``ask`` returns the next offset of each partition that the group has committed; whatever it raises passes."""
        self._group = group
        self._ask = ask
        self._committed: Mapping[Place, int] = {}
        self._looking = asyncio.Lock()
        self._looked_at = 0.0
        self._waiting: dict[object, float] = {}
        self._unknown: str | None = None

    @property
    def problem(self) -> str | None:
        """Why nothing goes on, None while it does or nobody waits."""
        if self._unknown and self._waiting:
            return f"the sink's progress is not known: {self._unknown}"
        oldest = min(self._waiting.values(), default=None)
        if oldest is None or time.monotonic() - oldest < _LONG_SECONDS:
            return None
        return f"waiting for the sink: its group {self._group} has not stored yet what is to be compared"

    async def until_stored(self, record: SourceRecord) -> None:
        """Return when the sink is done with the record: stored it, or gave it up."""
        place = (record.topic, record.partition)
        if self._committed.get(place, 0) > record.offset:
            return
        with self.waiting():
            while self._committed.get(place, 0) <= record.offset:
                await self._look()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Count the block as waiting for the sink."""
        token = object()
        self._waiting[token] = time.monotonic()
        try:
            yield
        finally:
            del self._waiting[token]

    async def _look(self) -> None:
        came_at = time.monotonic()
        async with self._looking:
            if self._looked_at > came_at:
                return
            await asyncio.sleep(max(0.0, self._looked_at + _LOOK_SECONDS - time.monotonic()))
            try:
                self._committed = await self._ask()
                self._unknown = None
            except Exception as error:  # noqa: BLE001 - whatever it is, those that wait go on waiting
                self._unknown = explained(error)
                _log.warning("sink.progress_unknown", group=self._group, error=self._unknown)
                await asyncio.sleep(_UNKNOWN_SECONDS)
            self._looked_at = time.monotonic()

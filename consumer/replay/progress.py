"""How far a group is, all its processes together, and when it is done: asked from the brokers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

import structlog
from aiokafka.errors import KafkaError

from consumer.replay.plans.plan import Plan
from consumer.replay.plans.planned_group import PlannedGroup

_log = structlog.get_logger(__name__)
_LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Progress:
    """Assets done of all that were selected; ``trouble`` says why it does not go on now."""

    done: int
    total: int
    trouble: str | None = None


OnRead = Callable[[int, int], None]
OnProgress = Callable[[Progress], None]


class Selected(Protocol):
    """What a run is going to do."""

    def __len__(self) -> int: ...

    def done(self, committed: Mapping[int, int], /) -> int: ...


@dataclass(frozen=True, slots=True)
class GroupRun:
    """A group at its plan."""

    group: PlannedGroup
    plan: Plan
    selection: Selected
    on_progress: OnProgress

    @asynccontextmanager
    async def watched(
        self, stop: asyncio.Event, trouble: Callable[[], str | None] = lambda: None
    ) -> AsyncIterator[asyncio.Event]:
        """Give an event that is set when the whole group is done, or ``stop`` is set; progress is told meanwhile."""
        ended = asyncio.Event()
        tasks = [
            asyncio.create_task(self._watch(ended, trouble), name="group-progress"),
            asyncio.create_task(_pass_on(stop, ended), name="group-stop"),
        ]
        try:
            yield ended
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def is_done(self) -> bool:
        """Look, tell how far it is, and return whether nothing is left; False when nobody can say."""
        try:
            return self._look((await self.group.state()).committed, None)
        except (KafkaError, OSError, TimeoutError) as error:
            _log.info("progress.unknown", error_class=type(error).__name__, error=str(error))
            return False

    async def _watch(self, ended: asyncio.Event, trouble: Callable[[], str | None]) -> None:
        while not ended.is_set():
            try:
                if self._look((await self.group.state()).committed, trouble()):
                    ended.set()
            except (KafkaError, OSError, TimeoutError) as error:
                _log.info("progress.unknown", error_class=type(error).__name__, error=str(error))
            await asyncio.sleep(_LOOK_SECONDS)

    def _look(self, committed: Mapping[int, int], trouble: str | None) -> bool:
        self.on_progress(Progress(self.selection.done(committed), len(self.selection), trouble))
        return self.plan.is_done(committed)


async def _pass_on(stop: asyncio.Event, ended: asyncio.Event) -> None:
    await stop.wait()
    ended.set()

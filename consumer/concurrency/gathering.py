"""Gathering: single items become few, large pieces of work, each of which costs much whatever its size."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from consumer.concurrency.waits import first_of

ItemT = TypeVar("ItemT")

# For each item, in order: None, or the error that is its own.
GatheredWork = Callable[[Sequence[ItemT]], Awaitable[Sequence[Exception | None]]]


@dataclass(frozen=True, slots=True)
class Enough:
    """When work begins: so many items or bytes wait, or the first has waited for so long."""

    items: int
    size_bytes: int
    seconds: float


class Gatherer(Generic[ItemT]):
    """Unlike a Batcher it waits for more, but not while :meth:`hurry` is in force; one piece of work at a time."""

    def __init__(self, work: GatheredWork[ItemT], enough: Enough) -> None:
        self._work = work
        self._enough = enough
        self._waiting: list[tuple[ItemT, int, asyncio.Future[None]]] = []
        self._waiting_bytes = 0
        self._first_at = 0.0
        self._go = asyncio.Event()
        self._hurried_until = 0.0
        self._working: asyncio.Task[None] | None = None

    async def submit(self, item: ItemT, size_bytes: int) -> None:
        """Return when the item is worked on; who is cancelled before that no longer wants it.

        Raises:
            Exception: the error that is this item's own, or what the work on all of them raised.

        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if not self._waiting:
            self._first_at = time.monotonic()
        self._waiting.append((item, size_bytes, done))
        self._waiting_bytes += size_bytes
        if len(self._waiting) >= self._enough.items or self._waiting_bytes >= self._enough.size_bytes:
            self._go.set()
        if self._working is None:
            self._working = asyncio.create_task(self._work_off(), name="gatherer")
        await done

    def hurry(self, seconds: float) -> None:
        """Wait for nothing from now on, for so many seconds."""
        self._hurried_until = time.monotonic() + seconds
        self._go.set()

    async def close(self) -> None:
        """Work off what waits."""
        self.hurry(float("inf"))
        if self._working is not None:
            await self._working

    async def _work_off(self) -> None:
        try:
            while self._waiting:
                patience = self._first_at + self._enough.seconds - time.monotonic()
                if patience > 0 and time.monotonic() >= self._hurried_until and not self._go.is_set():
                    await first_of(self._go.wait(), timeout_seconds=patience)
                self._go.clear()
                await self._work_on(self._take())
        finally:
            self._working = None

    def _take(self) -> list[tuple[ItemT, int, asyncio.Future[None]]]:
        batch, self._waiting = self._waiting[: self._enough.items], self._waiting[self._enough.items :]
        self._waiting_bytes = sum(size_bytes for _, size_bytes, _ in self._waiting)
        if self._waiting:
            self._go.set()
        return [entry for entry in batch if not entry[2].done()]

    async def _work_on(self, batch: Sequence[tuple[ItemT, int, asyncio.Future[None]]]) -> None:
        if not batch:
            return
        try:
            outcomes = await self._work([item for item, _, _ in batch])
        except Exception as error:  # noqa: BLE001 - whoever waits gets it
            outcomes = [error] * len(batch)
        for (_, _, done), outcome in zip(batch, outcomes, strict=True):
            if done.done():
                continue
            if outcome is None:
                done.set_result(None)
            else:
                done.set_exception(outcome)

"""Natural batching: while one batch is being written, the next one gathers; nothing waits when nothing is written."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

ItemT = TypeVar("ItemT")

# For each item of a batch: None when it is durable, else why it is not.
WriteBatch = Callable[[Sequence[ItemT]], Awaitable[Sequence[Exception | None]]]


class BatchWriter(Generic[ItemT]):
    """Gathers single writes into batches for one writer.

    The batch size follows the load by itself: one on an idle system, ``max_batch`` under a backlog.
    """

    def __init__(self, write_batch: WriteBatch[ItemT], max_batch: int) -> None:
        self._write_batch = write_batch
        self._max_batch = max_batch
        self._waiting: list[tuple[ItemT, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def write(self, item: ItemT) -> None:
        """Return when the item is durable.

        Raises:
            Exception: what ``write_batch`` gave for this item, or raised for its whole batch.

        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, done))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_all(), name="batch-writer")
        await done

    async def close(self) -> None:
        """Wait for the batch that is being written."""
        if self._writing is not None:
            await self._writing

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                # Whoever was cancelled while waiting no longer wants its item written.
                self._waiting = [entry for entry in self._waiting if not entry[1].done()]
                batch, self._waiting = self._waiting[: self._max_batch], self._waiting[self._max_batch :]
                if batch:
                    await self._write_one(batch)
        finally:
            self._writing = None

    async def _write_one(self, batch: list[tuple[ItemT, asyncio.Future[None]]]) -> None:
        try:
            outcomes = await self._write_batch([item for item, _ in batch])
        except Exception as error:  # noqa: BLE001 - whoever waits gets it
            outcomes = [error] * len(batch)
        for (_, done), failure in zip(batch, outcomes, strict=True):
            if done.done():
                continue
            if failure is None:
                done.set_result(None)
            else:
                done.set_exception(failure)

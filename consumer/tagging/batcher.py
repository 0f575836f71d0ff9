"""Micro-batches: images of several callers in one inference, waiting only while it pays."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
RunBatch = Callable[[Array], Array]
OnBatch = Callable[[int, float, float], None]


class BatcherClosedError(RuntimeError):
    """Nothing is taken any more."""


@dataclass(slots=True)
class _Waiting:
    item: Array
    result: asyncio.Future[Array]
    since: float


class MicroBatcher:
    """Runs ``run_batch`` on stacked items in threads, several at a time.

    An idle worker takes what is there at once, so a lone item never waits. While all workers are busy, items gather,
    and the next free worker takes up to ``max_batch`` of them: batches grow with the load by themselves. A worker that
    finds less than half a batch, while others are busy, waits up to ``max_wait_ms`` for more.
    """

    def __init__(
        self, run_batch: RunBatch, *, workers: int, max_batch: int, max_wait_ms: float, on_batch: OnBatch | None = None
    ) -> None:
        self._run_batch = run_batch
        self._max_batch = max_batch
        self._max_wait_seconds = max_wait_ms / 1000
        self._on_batch = on_batch
        self._workers = workers
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="infer")
        self._waiting: deque[_Waiting] = deque()
        self._running: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    async def submit(self, item: Array) -> Array:
        """Return the row of the result that belongs to this item.

        Raises:
            BatcherClosedError: after :meth:`close`.
            Exception: what ``run_batch`` raised for this item alone; its neighbours in the batch are not affected.

        """
        if self._closed:
            raise BatcherClosedError("the batcher is closed")
        entry = _Waiting(item, asyncio.get_running_loop().create_future(), time.monotonic())
        self._waiting.append(entry)
        self._dispatch()
        return await entry.result

    async def close(self) -> None:
        """Finish what was submitted, then release the threads."""
        self._closed = True
        while self._running or self._waiting:
            self._dispatch(patient=False)
            await asyncio.wait(self._running)
        self._threads.shutdown(wait=True)

    def _dispatch(self, *, patient: bool = True) -> None:
        while self._waiting and len(self._running) < self._workers:
            if patient and self._should_wait():
                return
            size = min(self._max_batch, len(self._waiting))
            batch = [self._waiting.popleft() for _ in range(size)]
            wanted = [entry for entry in batch if not entry.result.done()]
            if wanted:
                task = asyncio.create_task(self._run(wanted))
                self._running.add(task)
                task.add_done_callback(self._finished)

    def _should_wait(self) -> bool:
        """Tell whether a small batch should gather a little longer; a timer looks again."""
        if not self._running or len(self._waiting) * 2 >= self._max_batch:
            return False
        left_seconds = self._waiting[0].since + self._max_wait_seconds - time.monotonic()
        if left_seconds <= 0:
            return False
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(left_seconds, self._timed_out)
        return True

    def _timed_out(self) -> None:
        self._timer = None
        self._dispatch()

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._dispatch()

    async def _run(self, batch: list[_Waiting]) -> None:
        started = time.monotonic()
        try:
            rows = await self._in_thread([entry.item for entry in batch])
        except Exception as error:  # noqa: BLE001 - whoever waits gets it
            await self._one_by_one(batch, error)
            return
        if self._on_batch is not None:
            wait_ms = (started - batch[0].since) * 1000
            self._on_batch(len(batch), wait_ms, (time.monotonic() - started) * 1000)
        for entry, row in zip(batch, rows, strict=True):
            if not entry.result.done():
                entry.result.set_result(row)

    async def _one_by_one(self, batch: list[_Waiting], error: Exception) -> None:
        """Find out which item is at fault, so that it fails alone."""
        for entry in batch:
            if entry.result.done():
                continue
            if len(batch) == 1:
                entry.result.set_exception(error)
                continue
            try:
                (row,) = await self._in_thread([entry.item])
            except Exception as own_error:  # noqa: BLE001 - as above
                entry.result.set_exception(own_error)
            else:
                entry.result.set_result(row)

    async def _in_thread(self, items: list[Array]) -> Array:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: self._run_batch(np.stack(items)))

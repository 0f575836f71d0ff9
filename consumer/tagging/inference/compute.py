"""Threads for decoding and inference, as many as there are CPUs, and images of several callers in one inference."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
RunBatch = Callable[[Array], Array]
OnBatch = Callable[[int, float, float], None]
R = TypeVar("R")


class ComputeClosedError(RuntimeError):
    """Nothing is taken any more."""


@dataclass(frozen=True, slots=True)
class _Waiting(Generic[R]):
    result: asyncio.Future[R]
    work: Callable[[], R]


@dataclass(frozen=True, slots=True)
class _Item:
    result: asyncio.Future[Array]
    array: Array
    since: float


class ComputePool:
    """Runs tasks, such as decoding, and ``run_batch`` on stacked items, in the same few threads.

    Decoding and inference both fill a CPU. In threads of their own they would take the CPUs, and what lies in the
    caches of these, from each other.

    A free thread takes a full batch first, then a task, then the items that wait, however few: no thread rests while
    one of them waits. So batches grow under load by themselves, and a lone item never waits. An item that has waited
    ``max_wait_ms`` goes before tasks.
    """

    def __init__(
        self, run_batch: RunBatch, *, threads: int, max_batch: int, max_wait_ms: float, on_batch: OnBatch | None = None
    ) -> None:
        self._run_batch = run_batch
        self._max_batch = max_batch
        self._max_wait_seconds = max_wait_ms / 1000
        self._on_batch = on_batch
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="compute")
        self._lock = threading.Lock()
        self._tasks: deque[_Waiting[Any]] = deque()
        self._items: deque[_Item] = deque()
        self._closed = False

    async def run(self, work: Callable[[], R]) -> R:
        """Return what the work returns, or raise what it raises.

        Raises:
            ComputeClosedError: after :meth:`close`.

        """
        waiting = _Waiting(asyncio.get_running_loop().create_future(), work)
        self._add(self._tasks, waiting)
        value: R = await waiting.result
        return value

    async def submit(self, array: Array) -> Array:
        """Return the row of ``run_batch``'s result that belongs to this array.

        Raises:
            ComputeClosedError: after :meth:`close`.
            Exception: what ``run_batch`` raised for this item alone; its neighbours in the batch are not affected.

        """
        item = _Item(asyncio.get_running_loop().create_future(), array, time.monotonic())
        self._add(self._items, item)
        return await item.result

    async def close(self) -> None:
        """Finish what was submitted, then release the threads."""
        self._closed = True
        await asyncio.get_running_loop().run_in_executor(None, self._threads.shutdown)

    def _add(self, queue: deque[R], work: R) -> None:
        if self._closed:
            raise ComputeClosedError("the compute pool is closed")
        queue.append(work)
        # A step takes what is best when it comes, and nothing where a batch took more than its own share.
        self._threads.submit(self._step)

    def _step(self) -> None:
        with self._lock:
            work = self._next()
        work()

    def _next(self) -> Callable[[], None]:
        if self._items and (len(self._items) >= self._max_batch or self._is_overdue() or not self._tasks):
            size = min(self._max_batch, len(self._items))
            return partial(self._infer, [self._items.popleft() for _ in range(size)])
        return partial(_finish, self._tasks.popleft()) if self._tasks else _rest

    def _is_overdue(self) -> bool:
        return time.monotonic() - self._items[0].since >= self._max_wait_seconds

    def _infer(self, batch: Sequence[_Item]) -> None:
        wanted = [item for item in batch if not item.result.done()]
        if not wanted:
            return
        started = time.monotonic()
        try:
            rows = self._run_batch(np.stack([item.array for item in wanted]))
        except Exception:  # noqa: BLE001 - found again, and told to the one whose it is
            for item in wanted:
                _finish(_Waiting(item.result, partial(self._alone, item.array)))
            return
        if self._on_batch is not None:
            wait_ms = (started - wanted[0].since) * 1000
            self._on_batch(len(wanted), wait_ms, (time.monotonic() - started) * 1000)
        _tell([(item.result, row) for item, row in zip(wanted, rows, strict=True)])

    def _alone(self, array: Array) -> Array:
        row: Array = self._run_batch(array[None])[0]
        return row


def _finish(waiting: _Waiting[R]) -> None:
    if waiting.result.done():
        return
    try:
        value = waiting.work()
    except Exception as error:  # noqa: BLE001 - whoever waits gets it
        _call(waiting.result, partial(_raise, waiting.result, error))
    else:
        _tell([(waiting.result, value)])


def _tell(results: Sequence[tuple[asyncio.Future[R], R]]) -> None:
    """Hand results over in one turn of the event loop: who waited goes on together."""

    def hand_over() -> None:
        for result, value in results:
            if not result.done():
                result.set_result(value)

    _call(results[0][0], hand_over)


def _raise(result: asyncio.Future[R], error: Exception) -> None:
    if not result.done():
        result.set_exception(error)


def _call(result: asyncio.Future[R], callback: Callable[[], None]) -> None:
    # A loop that was closed has nobody who waits.
    with suppress(RuntimeError):
        result.get_loop().call_soon_threadsafe(callback)


def _rest() -> None:
    """Do nothing: the work of this step was taken with another's."""

"""Natural batching: what is asked for one by one is done together, and each gets the outcome of its own item."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice
from typing import Generic, TypeVar

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")

# For each item of a batch, in order: its result, or the error that is its own.
BatchWork = Callable[[Sequence[ItemT]], Awaitable[Sequence[ResultT | Exception]]]


class Batcher(Generic[ItemT, ResultT]):
    """Gathers single items into batches for one piece of work.

    A batch is taken at the event loop's next turn, or, while one is in work, when that is done. Its size follows the
    load by itself: one on an idle system, ``max_batch`` under a backlog. Work that never waits answers what came up
    in one turn.

    ``at_once``: so many batches may be in work; a further one is taken only where ``max_batch`` items wait for it, so
    that more of them do not make each smaller.

    ``shares_equal``: equal items that wait are one item, whose outcome all of them get. ``isolates``: where the work
    raises, each item of the batch is worked on alone, so that a bad one does not fail the others; without it what the
    work raised is the outcome of the whole batch.
    """

    def __init__(
        self,
        work: BatchWork[ItemT, ResultT],
        *,
        max_batch: int = sys.maxsize,
        at_once: int = 1,
        shares_equal: bool = False,
        isolates: bool = False,
    ) -> None:
        self._work = work
        self._max_batch = max_batch
        self._at_once = at_once
        self._shares_equal = shares_equal
        self._isolates = isolates
        self._waiting: dict[object, tuple[ItemT, asyncio.Future[ResultT]]] = {}
        self._working: set[asyncio.Task[None]] = set()

    async def submit(self, item: ItemT) -> ResultT:
        """Return the outcome of this item; who is cancelled while it waits no longer wants it worked on.

        Raises:
            Exception: the error that is this item's own, or its whole batch's.

        """
        return await self._enqueue(item)

    async def submit_all(self, items: Sequence[ItemT]) -> list[ResultT | Exception]:
        """Return the outcome of each item, in order; who is cancelled while it waits wants none of them any more."""
        results = [self._enqueue(item) for item in items]
        try:
            return [await _outcome(result) for result in results]
        finally:
            for result in results:
                result.cancel()

    async def close(self) -> None:
        """Wait for the batches that are in work."""
        while self._working:
            await asyncio.wait(self._working)

    def _enqueue(self, item: ItemT) -> asyncio.Future[ResultT]:
        key: object = item if self._shares_equal else object()
        _, result = self._waiting.setdefault(key, (item, asyncio.get_running_loop().create_future()))
        if not self._working or (len(self._working) < self._at_once and len(self._waiting) >= self._max_batch):
            self._working.add(asyncio.create_task(self._work_off(), name="batcher"))
        # Where several wait for one result, who gives up must not take it from the others.
        return asyncio.shield(result) if self._shares_equal else result

    async def _work_off(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        try:
            while self._waiting and (len(self._working) == 1 or len(self._waiting) >= self._max_batch):
                self._waiting = {key: entry for key, entry in self._waiting.items() if not entry[1].done()}
                batch = [self._waiting.pop(key) for key in list(islice(self._waiting, self._max_batch))]
                outcomes = await self._outcomes([item for item, _ in batch]) if batch else ()
                for (_, result), outcome in zip(batch, outcomes, strict=True):
                    if result.done():
                        continue
                    if isinstance(outcome, Exception):
                        result.set_exception(outcome)
                    else:
                        result.set_result(outcome)
        finally:
            self._working.discard(task)

    async def _outcomes(self, items: Sequence[ItemT]) -> Sequence[ResultT | Exception]:
        try:
            return await self._work(items)
        except Exception as error:  # noqa: BLE001 - whoever waits gets it
            if self._isolates and len(items) > 1:
                return [(await self._outcomes([item]))[0] for item in items]
            return [error] * len(items)


async def _outcome(result: Awaitable[ResultT]) -> ResultT | Exception:
    try:
        return await result
    except Exception as error:  # noqa: BLE001 - whoever asked gets it
        return error

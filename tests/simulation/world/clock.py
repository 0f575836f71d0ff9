"""An event loop whose time passes only while everybody waits: hours take no time, and every run can be repeated."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

from consumer.concurrency import backoff

# Seconds since the epoch at which every simulation begins.
EPOCH = 1_760_000_000
# What one turn of the loop takes: who waits until some time has passed must not find it a hair short for ever.
_TURN_SECONDS = 1e-6
_MAX_TURNS_A_SECOND = 20_000


class VirtualLoop(asyncio.BaseEventLoop):
    """Without sockets and threads; where nothing can happen any more it stops instead of waiting for ever."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self._clock_resolution = 1e-9
        self._selector = self
        self._numbers = count()
        self._turns = 0
        # Why the loop stopped before its time.
        self.problem: str | None = None
        self._counted_since = 0.0
        self.set_task_factory(_numbered_task)

    def time(self) -> float:
        return self.now

    def next_number(self) -> int:
        return next(self._numbers)

    def create_future(self) -> asyncio.Future[Any]:
        return _NumberedFuture(loop=self)

    def select(self, timeout: float | None) -> tuple[()]:
        self.now += (timeout or 0.0) + _TURN_SECONDS
        self._turns += 1
        if timeout is None:
            self._give_up("nothing can happen any more: everybody waits for somebody else")
        elif self.now - self._counted_since > 1:
            self._turns, self._counted_since = 0, self.now
        elif self._turns > _MAX_TURNS_A_SECOND:
            self._give_up(f"{self._turns} turns of the event loop within one second: somebody waits busily")
        return ()

    def _give_up(self, problem: str) -> None:
        self.problem = self.problem or problem
        self.stop()

    def _process_events(self, event_list: object) -> None: ...

    def _write_to_self(self) -> None: ...


# Sets of tasks and futures are iterated in the order of their hashes, which are addresses unless we say otherwise.
class _NumberedTask(asyncio.Task[Any]):
    def __init__(self, *args: Any, loop: VirtualLoop, **kwargs: Any) -> None:
        self._number = loop.next_number()
        super().__init__(*args, loop=loop, **kwargs)

    def __hash__(self) -> int:
        return self._number


class _NumberedFuture(asyncio.Future[Any]):
    def __init__(self, *, loop: VirtualLoop) -> None:
        self._number = loop.next_number()
        super().__init__(loop=loop)

    def __hash__(self) -> int:
        return self._number


def _numbered_task(loop: Any, work: Any, **kwargs: Any) -> asyncio.Task[Any]:
    return _NumberedTask(work, loop=loop, **kwargs)


@contextmanager
def virtual_time(seed: int) -> Iterator[VirtualLoop]:
    """Give a new loop whose time is everybody's; all that the product draws at random hangs on the seed."""
    loop = VirtualLoop()
    real = time.monotonic, time.time, time.perf_counter
    asyncio.set_event_loop(loop)
    time.monotonic = time.perf_counter = loop.time
    time.time = lambda: EPOCH + loop.now
    backoff._RNG.seed(seed)
    random.seed(seed)
    try:
        yield loop
    finally:
        time.monotonic, time.time, time.perf_counter = real
        asyncio.set_event_loop(None)
        loop.close()

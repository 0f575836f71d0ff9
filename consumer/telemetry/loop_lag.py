"""How late the event loop wakes up: the first sign that something heavy runs on it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from consumer.concurrency.waits import end
from consumer.telemetry.metrics import Metrics

_TICK_SECONDS = 0.1
_TICKS_EACH_REPORT = 50


@asynccontextmanager
async def measure_loop_lag(metrics: Metrics) -> AsyncIterator[None]:
    """Report the worst lateness of each five seconds while the block runs."""
    task = asyncio.create_task(_measure(metrics), name="loop-lag")
    try:
        yield
    finally:
        await end(task)


async def _measure(metrics: Metrics) -> None:
    while True:
        worst_seconds = 0.0
        for _ in range(_TICKS_EACH_REPORT):
            due = time.monotonic() + _TICK_SECONDS
            await asyncio.sleep(_TICK_SECONDS)
            worst_seconds = max(worst_seconds, time.monotonic() - due)
        metrics.loop_lagged(worst_seconds)

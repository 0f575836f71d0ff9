"""What a process that runs for months does about its memory: what stays is left alone, what is freed is given back.

glibc keeps what lies between pieces in use, and under a steady load that grows for days: 3 to 4 MB an hour of sink and
tagger, while what they use stays the same (`python -m benchmarks.soak`).
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from consumer.concurrency.waits import end

# Loading a model leaves much; later, less often than would be noticed: it takes one to ten milliseconds of a thread.
_FIRST_SECONDS, _INTERVAL_SECONDS = 5.0, 60.0


@asynccontextmanager
async def give_back_freed_memory() -> AsyncIterator[None]:
    """Give freed memory back each minute while the block runs; does nothing where the C library is not glibc."""
    task = asyncio.create_task(_repeat(), name="freed-memory")
    try:
        yield
    finally:
        await end(task)


def leave_alone_what_stays() -> None:
    """Let the collector of cycles look at nothing that was made by now: call it when all is imported and loaded.

    It went through all of that in each full round: 50 ms of a sink, nine rounds in 40 000 events, and nothing else ran.
    """
    gc.freeze()


def give_back() -> None:
    """Give whole pages of freed memory back to the system, also from between what is in use (malloc_trim(3))."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


async def _repeat() -> None:
    await asyncio.sleep(_FIRST_SECONDS)
    while True:
        await asyncio.to_thread(give_back)
        await asyncio.sleep(_INTERVAL_SECONDS)

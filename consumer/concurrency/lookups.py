"""Questions to something slow, asked together, and not at all while it does not answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, Generic, TypeVar

import structlog

from consumer.concurrency.backoff import Backoff
from consumer.concurrency.batching import Batcher

AnswerT = TypeVar("AnswerT")
FindMany = Callable[[Sequence[str]], Awaitable[Mapping[str, AnswerT]]]

_log = structlog.get_logger(__name__)
_PAUSE: Final = Backoff(first_seconds=10, cap_seconds=120)


class BatchedLookup(Generic[AnswerT]):
    """Finds keys in batches: while one batch is asked for, the next gathers.

    Never raises, and never holds anybody up for long: a batch that fails or takes too long finds nothing, and after it
    nothing is asked for a while, for longer each time.
    """

    def __init__(
        self,
        find_many: FindMany[AnswerT],
        *,
        max_batch: int = 256,
        timeout_seconds: float = 1.0,
        on_failure: Callable[[], None] = lambda: None,
    ) -> None:
        self._find_many = find_many
        self._timeout_seconds = timeout_seconds
        self._on_failure = on_failure
        self._batcher = Batcher[str, AnswerT | None](self._ask, max_batch=max_batch, shares_equal=True)
        self._failures = 0
        self._asks_again_at = 0.0

    async def find(self, key: str) -> AnswerT | None:
        """Return what is known of the key, None where nothing is or nobody can say now."""
        return None if time.monotonic() < self._asks_again_at else await self._batcher.submit(key)

    async def close(self) -> None:
        """Wait for the batch that is being asked for."""
        await self._batcher.close()

    async def _ask(self, keys: Sequence[str]) -> Sequence[AnswerT | None]:
        # Not even for those that waited behind a batch that failed.
        if time.monotonic() < self._asks_again_at:
            return [None] * len(keys)
        try:
            async with asyncio.timeout(self._timeout_seconds):
                values = await self._find_many(keys)
        except Exception as error:  # noqa: BLE001 - whatever it is, it must cost nobody more than the answer
            self._failures += 1
            pause_seconds = _PAUSE.delay_seconds(self._failures)
            self._asks_again_at = time.monotonic() + pause_seconds
            self._on_failure()
            _log.warning(
                "lookup.failed", error=str(error) or type(error).__name__, asks_again_in_seconds=round(pause_seconds, 1)
            )
            return [None] * len(keys)
        self._failures = 0
        return [values.get(key) for key in keys]

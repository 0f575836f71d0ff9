"""Questions to something slow, asked together, and not at all while it does not answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, Generic, TypeVar

import structlog

from consumer.stream.retry import Backoff

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
        self._max_batch = max_batch
        self._timeout_seconds = timeout_seconds
        self._on_failure = on_failure
        self._waiting: dict[str, asyncio.Future[AnswerT | None]] = {}
        self._asking: asyncio.Task[None] | None = None
        self._failures = 0
        self._asks_again_at = 0.0

    async def find(self, key: str) -> AnswerT | None:
        """Return what is known of the key, None where nothing is or nobody can say now."""
        if time.monotonic() < self._asks_again_at:
            return None
        answer = self._waiting.setdefault(key, asyncio.get_running_loop().create_future())
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask_all(), name="batched-lookup")
        # Several may wait for one key: who gives up must not take the answer from the others.
        return await asyncio.shield(answer)

    async def close(self) -> None:
        """Wait for the batch that is being asked for."""
        if self._asking is not None:
            await self._asking

    async def _ask_all(self) -> None:
        try:
            while self._waiting:
                keys = list(self._waiting)[: self._max_batch]
                batch = {key: self._waiting.pop(key) for key in keys}
                found = await self._ask(keys)
                for key, answer in batch.items():
                    answer.set_result(found.get(key))
                if self._failures:
                    self._give_up_waiting()
        finally:
            self._asking = None

    async def _ask(self, keys: Sequence[str]) -> Mapping[str, AnswerT]:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                found = await self._find_many(keys)
        except Exception as error:  # noqa: BLE001 - whatever it is, it must cost nobody more than the answer
            self._failures += 1
            pause_seconds = _PAUSE.delay_seconds(self._failures)
            self._asks_again_at = time.monotonic() + pause_seconds
            self._on_failure()
            _log.warning(
                "lookup.failed", error=str(error) or type(error).__name__, asks_again_in_seconds=round(pause_seconds, 1)
            )
            return {}
        self._failures = 0
        return found

    def _give_up_waiting(self) -> None:
        waiting, self._waiting = self._waiting, {}
        for answer in waiting.values():
            answer.set_result(None)

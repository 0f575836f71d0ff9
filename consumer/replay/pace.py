"""No more than so many a second."""

from __future__ import annotations

import asyncio


class Pace:
    """Lets callers through evenly spaced; without a rate at once."""

    def __init__(self, per_second: float | None) -> None:
        self._gap_seconds = 0.0 if per_second is None else 1 / per_second
        self._next_at = 0.0

    async def wait(self) -> None:
        if not self._gap_seconds:
            return
        now = asyncio.get_running_loop().time()
        at = max(now, self._next_at)
        self._next_at = at + self._gap_seconds
        await asyncio.sleep(at - now)


def in_flight_at(per_second: float | None, most: int) -> int:
    """Return how many records may wait at this pace, so that none waits longer than about a second."""
    return most if per_second is None else max(1, min(most, int(per_second)))

"""Budgets: what bounds the memory of a process, whatever the backlog."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from consumer.concurrency.deadline import off_the_clock
from schemas.topics import MAX_MESSAGE_BYTES

# A large record is remembered for some fifty smaller ones.
_FORGETTING = 0.9


class IntakeBudget:
    """Bounds the records, and the bytes of them, that are in flight; not awaited, only asked.

    A record's size is known only once it is there. So room is counted in records of the size that was seen lately, the
    first ones taken for as large as there can be: the bound on bytes is passed by one record, or by as many as come in
    one poll where sizes jump.
    """

    __slots__ = ("_expected_bytes", "_held_bytes", "_held_records", "_max_bytes", "_max_records", "_room")

    def __init__(self, max_records: int, max_bytes: int, *, largest_record_bytes: int = MAX_MESSAGE_BYTES) -> None:
        self._max_records = max_records
        self._max_bytes = max_bytes
        self._expected_bytes = float(largest_record_bytes)
        self._held_records = 0
        self._held_bytes = 0
        self._room = asyncio.Event()
        self._room.set()

    @property
    def records(self) -> int:
        return self._held_records

    @property
    def bytes_held(self) -> int:
        return self._held_bytes

    def room(self) -> int:
        """Return how many more records may be taken in now."""
        bytes_left = self._max_bytes - self._held_bytes
        if bytes_left <= 0:
            return 0
        fitting = max(1, int(bytes_left / max(self._expected_bytes, 1.0)))
        return max(0, min(fitting, self._max_records - self._held_records))

    def take(self, size_bytes: int) -> None:
        self._held_records += 1
        self._held_bytes += size_bytes
        self._expected_bytes = max(float(size_bytes), self._expected_bytes * _FORGETTING)
        if not self.room():
            self._room.clear()

    def give_back(self, size_bytes: int) -> None:
        self._held_records -= 1
        self._held_bytes -= size_bytes
        if self.room():
            self._room.set()

    async def wait_for_room(self) -> None:
        await self._room.wait()


class ByteBudget:
    """Bounds bytes that are fetched and not yet worked off.

    Waiters are served in order, so that a large one is not starved.
    """

    __slots__ = ("_free", "_total", "_waiters")

    def __init__(self, total_bytes: int) -> None:
        self._total = total_bytes
        self._free = total_bytes
        self._waiters: deque[tuple[int, asyncio.Future[None]]] = deque()

    @property
    def free_bytes(self) -> int:
        return self._free

    @asynccontextmanager
    async def hold(self, size_bytes: int) -> AsyncIterator[None]:
        """Hold that many bytes of the budget; what is larger than all of it holds all of it."""
        claim = min(size_bytes, self._total)
        await self._take(claim)
        try:
            yield
        finally:
            self._give_back(claim)

    async def _take(self, claim: int) -> None:
        if not self._waiters and claim <= self._free:
            self._free -= claim
            return
        ticket: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append((claim, ticket))
        try:
            with off_the_clock():
                await ticket
        except asyncio.CancelledError:
            if ticket.done() and not ticket.cancelled():
                self._give_back(claim)
            else:
                # Unless it was passed over already, between its cancellation and this line.
                with suppress(ValueError):
                    self._waiters.remove((claim, ticket))
                self._serve()
            raise

    def _give_back(self, claim: int) -> None:
        self._free += claim
        self._serve()

    def _serve(self) -> None:
        while self._waiters and self._waiters[0][0] <= self._free:
            claim, ticket = self._waiters.popleft()
            if not ticket.cancelled():
                self._free -= claim
                ticket.set_result(None)

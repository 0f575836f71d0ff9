"""One partition while this process owns it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

from consumer.kafka.errors import UnreadableBatchError
from consumer.kafka.records import SourceRecord
from consumer.stream.partitions.lanes import KeyLanes
from consumer.stream.partitions.ledger import OffsetLedger

ResultT = TypeVar("ResultT")


class Assignment:
    """Ledger, lanes and running work of one partition for one ownership.

    A rebalance makes a new object, even for a partition that stays: what finishes late in an old one changes nothing
    in the new one. The object is the epoch.
    """

    def __init__(self, topic: str, partition: int) -> None:
        self.topic = topic
        self.partition = partition
        self.ledger = OffsetLedger()
        self.lanes = KeyLanes()
        self.closing = asyncio.Event()
        # Whether it is known where the group stopped; what comes before may be of a wrong place, and is not taken.
        self.is_placed = False
        # By offset: why an unfinished record failed last, and why its dead letter is not taken.
        self.troubles: dict[int, str] = {}
        self.unburied: dict[int, str] = {}
        # Where the next record should lie, None while nobody knows; and from where to where nothing came.
        self.next_offset: int | None = None
        self.gaps: list[tuple[int, int]] = []
        # Why nothing comes from here on, while a damaged batch lies in the way.
        self.unreadable: UnreadableBatchError | None = None
        self._work: set[asyncio.Task[Any]] = set()
        # Insertion order is offset order, so the first value is the oldest record in flight.
        self._received: dict[int, tuple[float, int]] = {}

    def place(self, committed: int | None, begin: int, end: int) -> None:
        """Note where the group stopped, None for nowhere, and from where to where the log reaches."""
        self.is_placed = True
        # An offset beyond the end is of a log that was cut; the consumer begins again.
        self.next_offset = max(committed, begin) if committed is not None and committed <= end else None

    def is_next(self, offset: int) -> bool:
        """Tell whether a record of this offset comes after all others, and not before where the group stopped."""
        return self.next_offset is None or offset >= self.next_offset

    def arrived(self, first: int, last: int) -> None:
        """Note the offsets of what was fetched as one, and what is missing before it."""
        if self.next_offset is not None and first > self.next_offset:
            self.gaps.append((self.next_offset, first))
        self.next_offset = last + 1
        self.unreadable = None

    def track(self, record: SourceRecord) -> None:
        """Note a record that was received; call in offset order."""
        self.ledger.track(record.offset)
        self._received[record.offset] = (time.monotonic(), record.timestamp_ms)

    def begin(self, offset: int, work: Coroutine[Any, Any, ResultT]) -> asyncio.Task[ResultT]:
        """Start work on a record that is tracked, or on several from this offset on."""
        task = asyncio.create_task(work, name=f"{self.topic}[{self.partition}]@{offset}")
        self._work.add(task)
        task.add_done_callback(self._work.discard)
        return task

    def finish(self, offset: int) -> float:
        """Note that a record's outcome is durable; return the seconds since it was received."""
        self.ledger.finish(offset)
        received_at, _ = self._received.pop(offset)
        self.troubles.pop(offset, None)
        self.unburied.pop(offset, None)
        return time.monotonic() - received_at

    @property
    def in_flight(self) -> int:
        return len(self._received)

    @property
    def is_idle(self) -> bool:
        """Whether everything that was received is finished and committed."""
        return not self._received and self.ledger.committable is None

    @property
    def oldest_seconds(self) -> float:
        """How long the oldest unfinished record has been here; 0 without one."""
        for received_at, _ in self._received.values():
            return time.monotonic() - received_at
        return 0.0

    @property
    def oldest_timestamp_ms(self) -> int | None:
        """When the oldest unfinished record was published, milliseconds since the epoch."""
        for _, timestamp_ms in self._received.values():
            return timestamp_ms
        return None

    @property
    def work(self) -> frozenset[asyncio.Task[Any]]:
        return frozenset(self._work)


async def drain(assignments: list[Assignment], deadline_seconds: float) -> int:
    """Let the work of these assignments finish, then cancel what is left.

    Work that waits out a fault gives up at once: it would hardly finish in time, and is redelivered anyway.
    Returns how many records were abandoned.
    """
    for assignment in assignments:
        assignment.closing.set()
    running = {task for assignment in assignments for task in assignment.work}
    if running:
        _, late = await asyncio.wait(running, timeout=deadline_seconds)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=1.0)
    return sum(assignment.in_flight for assignment in assignments)

"""The offset ledger: records finish in any order, offsets commit in order."""

from __future__ import annotations

from collections import deque


class OffsetLedger:
    """Tracks one partition during one assignment; pure, and the only judge of what may be committed.

    The invariant: :attr:`watermark` never passes a record that was tracked and not finished. Offsets may have gaps
    (compaction, transaction markers); a gap counts as finished.
    """

    __slots__ = ("_committed", "_finished", "_order", "_watermark")

    def __init__(self) -> None:
        self._order: deque[int] = deque()
        self._finished: set[int] = set()
        self._watermark: int | None = None
        self._committed: int | None = None

    def track(self, offset: int) -> None:
        """Enter a received record.

        Raises:
            ValueError: the offset is not above all offsets tracked before.

        """
        newest = self._order[-1] if self._order else (self._watermark or 0) - 1
        if offset <= newest:
            raise ValueError(f"offset {offset} was received after {newest}")
        self._order.append(offset)

    def finish(self, offset: int) -> None:
        """Mark a tracked record's outcome as durable.

        Raises:
            ValueError: the offset is not tracked, or is finished already.

        """
        if offset in self._finished or not self._is_tracked(offset):
            raise ValueError(f"offset {offset} is not waiting to be finished")
        self._finished.add(offset)
        while self._order and self._order[0] in self._finished:
            done = self._order.popleft()
            self._finished.remove(done)
            self._watermark = done + 1

    def _is_tracked(self, offset: int) -> bool:
        # Bounds are enough: the engine finishes only what it tracked, and a scan would make finishing linear.
        return bool(self._order) and self._order[0] <= offset <= self._order[-1]

    @property
    def watermark(self) -> int | None:
        """The next offset to read once everything before it is finished; None before the first record is."""
        return self._watermark

    @property
    def committable(self) -> int | None:
        """The watermark when it is ahead of what was committed, else None."""
        return self._watermark if self._watermark != self._committed else None

    def committed(self, next_offset: int) -> None:
        """Note a commit that the broker confirmed; one that arrives late never moves back."""
        self._committed = max(next_offset, self._committed or 0)

    @property
    def unfinished(self) -> int:
        """How many tracked records are not finished."""
        return len(self._order) - len(self._finished)

    @property
    def oldest_unfinished(self) -> int | None:
        """The offset that holds the watermark back."""
        return self._order[0] if self._order else None

"""The offset ledger: records finish in any order, offsets commit in order."""

from __future__ import annotations

from collections import deque


class OffsetLedger:
    """Tracks one partition during one assignment; pure, and the only judge of what may be committed.

    The invariant: :attr:`watermark` never passes a record that was tracked and not finished. Offsets may have gaps
    (compaction, transaction markers); a gap counts as finished. Every call takes constant time, amortised.
    """

    __slots__ = ("_committed", "_order", "_unfinished", "_watermark")

    def __init__(self) -> None:
        # In offset order, from the oldest unfinished record on; finished ones among them wait for those before.
        self._order: deque[int] = deque()
        self._unfinished: set[int] = set()
        self._watermark: int | None = None
        self._committed: int | None = None

    def track(self, offset: int) -> None:
        """Enter a received record.

        Raises:
            ValueError: the offset is not above all offsets tracked before.

        """
        if not self.is_next(offset):
            raise ValueError(f"offset {offset} was received after {self._newest}")
        self._order.append(offset)
        self._unfinished.add(offset)

    def is_next(self, offset: int) -> bool:
        """Tell whether a record of this offset comes after all that were tracked, as the next one must."""
        return self._newest is None or offset > self._newest

    def finish(self, offset: int) -> None:
        """Mark a tracked record's outcome as durable.

        Raises:
            ValueError: the offset is not tracked, or is finished already.

        """
        if offset not in self._unfinished:
            raise ValueError(f"offset {offset} is not waiting to be finished")
        self._unfinished.remove(offset)
        while self._order and self._order[0] not in self._unfinished:
            self._watermark = self._order.popleft() + 1

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
        if self._committed is None or next_offset > self._committed:
            self._committed = next_offset

    @property
    def unfinished(self) -> int:
        """How many tracked records are not finished."""
        return len(self._unfinished)

    @property
    def oldest_unfinished(self) -> int | None:
        """The offset that holds the watermark back."""
        return self._order[0] if self._order else None

    @property
    def _newest(self) -> int | None:
        if self._order:
            return self._order[-1]
        return None if self._watermark is None else self._watermark - 1

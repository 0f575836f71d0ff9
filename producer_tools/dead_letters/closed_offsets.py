"""Which letters of one partition are closed: put back, superseded or dropped. Pure."""

from __future__ import annotations

from bisect import bisect_right

from producer_tools.dead_letters.errors import ScatteredError

# Brokers take so many bytes of metadata with an offset (`offset.metadata.max.bytes`).
MAX_METADATA_CHARS = 4096


class ClosedOffsets:
    """Everything before ``next_offset`` is closed, and some ranges above it.

    Kept as a consumer group's offset and its metadata, which a broker stores in one step: whatever kills the process,
    a letter is closed or it is not. The lag of the group is its backlog, but for ranges above the offset, which still
    count in it.
    """

    def __init__(self, next_offset: int = 0) -> None:
        self.next_offset = next_offset
        # Disjoint, ascending, not touching: [first, last] of each range, all above next_offset.
        self._ranges: list[tuple[int, int]] = []

    @classmethod
    def decode(cls, next_offset: int, metadata: str) -> ClosedOffsets:
        """Read what :meth:`encode` wrote; metadata of anybody else counts as none."""
        closed = cls(next_offset)
        at = next_offset
        try:
            lengths = [int(text) for text in metadata.split()]
        except ValueError:
            return closed
        if len(lengths) % 2 or any(length < 1 for length in lengths):
            return closed
        for open_letters, closed_letters in zip(lengths[::2], lengths[1::2], strict=True):
            at += open_letters
            closed._ranges.append((at, at + closed_letters - 1))
            at += closed_letters
        return closed

    def encode(self) -> str:
        """Return the ranges above ``next_offset``: how many are open, how many closed, how many open, and so on.

        Raises:
            ScatteredError: they do not fit.

        """
        lengths, at = [], self.next_offset
        for first, last in self._ranges:
            lengths += [first - at, last - first + 1]
            at = last + 1
        text = " ".join(str(length) for length in lengths)
        if len(text) > MAX_METADATA_CHARS:
            raise ScatteredError(
                f"the closed letters are scattered over {len(self._ranges)} ranges, more than Kafka keeps for a group: "
                f"close those from offset {self.next_offset} on first, e.g. with `aegis dlq drop --offset`"
            )
        return text

    def __contains__(self, offset: int) -> bool:
        if offset < self.next_offset:
            return True
        index = bisect_right(self._ranges, (offset, offset)) - 1
        nearest = [self._ranges[place] for place in (index, index + 1) if 0 <= place < len(self._ranges)]
        return any(first <= offset <= last for first, last in nearest)

    def close(self, first: int, last: int | None = None) -> None:
        """Close one offset, or all from ``first`` to ``last``; closing again changes nothing."""
        last = first if last is None else last
        kept = []
        for range_first, range_last in self._ranges:
            if range_last < first - 1 or range_first > last + 1:
                kept.append((range_first, range_last))
            else:
                first, last = min(first, range_first), max(last, range_last)
        if first <= self.next_offset:
            self.next_offset = max(self.next_offset, last + 1)
            kept = [item for item in kept if item[1] >= self.next_offset]
        else:
            kept.append((first, last))
        self._ranges = sorted(kept)
        while self._ranges and self._ranges[0][0] <= self.next_offset:
            self.next_offset = max(self.next_offset, self._ranges.pop(0)[1] + 1)

    def count(self, start: int, end: int) -> int:
        """Return how many offsets from ``start`` to before ``end`` are closed."""
        low = max(0, min(self.next_offset, end) - start)
        return low + sum(max(0, min(last + 1, end) - max(first, start)) for first, last in self._ranges)

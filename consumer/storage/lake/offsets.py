"""Which records of a topic a table holds: pure.

Each snapshot carries it in its summary, so rows and offsets are committed in one step, whatever kills the process.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

# Of a topic that was deleted and made anew, the offsets say nothing of the new log: each has an id, and a few are kept.
_TOPICS_KEPT: Final = 4


@dataclass(frozen=True, slots=True)
class RecordPlace:
    """Where a record lies; ``follows`` is the offset behind its predecessor: what lies between never comes."""

    topic_id: str
    partition: int
    offset: int
    follows: int

    @property
    def first(self) -> int:
        return min(self.follows, self.offset)


class Ranges:
    """Offsets of one partition, as disjoint half-open ranges in ascending order."""

    def __init__(self, ranges: list[tuple[int, int]] | None = None) -> None:
        self._ranges = ranges or []

    def __contains__(self, offset: int) -> bool:
        index = bisect_right(self._ranges, offset, key=lambda item: item[0]) - 1
        return index >= 0 and offset < self._ranges[index][1]

    def __len__(self) -> int:
        return len(self._ranges)

    def add(self, first: int, end: int) -> None:
        """Add the offsets from ``first`` to before ``end``; adding again changes nothing."""
        left = bisect_right(self._ranges, first, key=lambda item: item[0])
        if left and self._ranges[left - 1][1] >= first:
            left -= 1
            first = self._ranges[left][0]
        right = left
        while right < len(self._ranges) and self._ranges[right][0] <= end:
            end = max(end, self._ranges[right][1])
            right += 1
        self._ranges[left:right] = [(first, end)]

    def encode(self) -> str:
        return ",".join(f"{first}-{end}" for first, end in self._ranges)

    @classmethod
    def decode(cls, text: str) -> Ranges:
        made = cls()
        for item in text.split(","):
            first, _, end = item.partition("-")
            made.add(int(first), int(end))
        return made


class HeldOffsets:
    """Everything that a table holds, by topic id and partition."""

    def __init__(self, topics: Mapping[str, Mapping[int, Ranges]] | None = None) -> None:
        self._topics = {topic_id: dict(partitions) for topic_id, partitions in (topics or {}).items()}

    def __contains__(self, place: RecordPlace) -> bool:
        ranges = self._topics.get(place.topic_id, {}).get(place.partition)
        return ranges is not None and place.offset in ranges

    def add(self, place: RecordPlace) -> None:
        """Note a record, and that nothing comes between its predecessor and it."""
        # The newest topic stands last, so that the oldest are those that go.
        partitions = self._topics.pop(place.topic_id, {})
        self._topics[place.topic_id] = partitions
        partitions.setdefault(place.partition, Ranges()).add(place.first, place.offset + 1)
        while len(self._topics) > _TOPICS_KEPT:
            del self._topics[next(iter(self._topics))]

    def encode(self) -> str:
        """Return JSON: topic id, partition, then ranges such as ``0-1200,1204-1300``, whose ends are not in them."""
        return json.dumps(
            {
                topic_id: {str(partition): ranges.encode() for partition, ranges in sorted(partitions.items())}
                for topic_id, partitions in self._topics.items()
            },
            separators=(",", ":"),
        )

    @classmethod
    def decode(cls, text: str) -> HeldOffsets:
        """Read what :meth:`encode` wrote.

        Raises:
            ValueError: it is something else.

        """
        return cls(
            {
                topic_id: {int(partition): Ranges.decode(ranges) for partition, ranges in partitions.items()}
                for topic_id, partitions in json.loads(text).items()
            }
        )

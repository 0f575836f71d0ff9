"""What every selection can tell of its offsets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from consumer.replay.selecting.newest import Chosen


@dataclass(frozen=True, slots=True)
class SelectedOffsets:
    """The chosen offsets by partition."""

    chosen: Mapping[int, Chosen]

    def holds(self, partition: int, offset: int) -> bool:
        return partition in self.chosen and offset in self.chosen[partition]

    def done(self, committed: Mapping[int, int]) -> int:
        """Return how many of them a group that committed these offsets has behind it."""
        return sum(chosen.before(committed.get(partition, 0)) for partition, chosen in self.chosen.items())

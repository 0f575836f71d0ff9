"""The plan of a bounded run over a topic: from where to where. It travels as the metadata of the group's commits.

So it lies where the progress lies: one commit holds both, it survives every process, all members of the group read the
same, and only the owner of a partition can write its part.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Self

_FORMAT: Final = 1
_PLACES: Final = re.compile(r"^\d+:\d+(,\d+:\d+)*$")


class PlanError(Exception):
    """The run cannot go on as it was asked for; one sentence says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Start:
    """Where a run begins: one of these, or the beginning. ``time_ms`` since the epoch; ``offsets`` by partition.

    A partition that ``offsets`` does not name is left out of the run.
    """

    offset: int | None = None
    time_ms: int | None = None
    offsets: Mapping[int, int] | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``beginning``, an offset, PARTITION:OFFSET[,…], or an RFC 3339 time; raises ValueError."""
        if text == "beginning":
            return cls()
        if text.isdigit():
            return cls(offset=int(text))
        if _PLACES.match(text):
            pairs = (part.split(":") for part in text.split(","))
            return cls(offsets={int(partition): int(offset) for partition, offset in pairs})
        try:
            moment = datetime.fromisoformat(text)
        except ValueError as error:
            raise ValueError(
                f"{text!r} is neither beginning, nor an offset, nor PARTITION:OFFSET, nor a time such as "
                "2026-01-31T12:00:00Z"
            ) from error
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return cls(time_ms=int(aware.timestamp() * 1000))


@dataclass(frozen=True, slots=True)
class PartitionPlan:
    """One partition's part: ``start`` up to, and without, ``end``, the partition's end when the plan was fixed.

    ``purpose`` says in words what the run is for: who goes on with it must mean the same.
    """

    start: int
    end: int
    purpose: str

    def to_metadata(self) -> str:
        fields = {"plan": _FORMAT, "start": self.start, "end": self.end}
        return json.dumps({**fields, "purpose": self.purpose}, separators=(",", ":"), ensure_ascii=False)

    @classmethod
    def from_metadata(cls, text: str) -> Self | None:
        """Return the plan that a commit carries, None where it carries none."""
        try:
            fields: dict[str, Any] = json.loads(text)
            if fields["plan"] != _FORMAT:
                return None
            return cls(int(fields["start"]), int(fields["end"]), str(fields["purpose"]))
        except (ValueError, TypeError, KeyError):
            return None


@dataclass(frozen=True, slots=True)
class Plan:
    """All partitions' parts."""

    partitions: Mapping[int, PartitionPlan]

    @property
    def purpose(self) -> str:
        return next(iter(self.partitions.values())).purpose

    def covers(self, partition: int, offset: int) -> bool:
        part = self.partitions.get(partition)
        return part is not None and part.start <= offset < part.end

    def is_done(self, committed: Mapping[int, int]) -> bool:
        """Tell whether a group that committed these offsets has nothing left to do."""
        return all(committed.get(partition, -1) >= part.end for partition, part in self.partitions.items())

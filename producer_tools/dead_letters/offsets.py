"""Where a letter lies, as people write it: ``3:41`` is offset 41 of partition 3."""

from __future__ import annotations

import re
from typing import NamedTuple

_PATTERN = re.compile(r"(\d{1,9}):(\d{1,18})(?:-(\d{1,18}))?")


class PartitionOffset(NamedTuple):
    """Partition and offset on the dead-letter topic."""

    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.partition}:{self.offset}"


class Span(NamedTuple):
    """Neighbouring places of one partition, ``first`` and ``last`` among them."""

    partition: int
    first: int
    last: int

    def covers(self, place: PartitionOffset) -> bool:
        return place.partition == self.partition and self.first <= place.offset <= self.last


def parse_span(text: str) -> Span:
    """Read ``3:41`` or ``3:41-59``; raises ValueError for anything else."""
    match = _PATTERN.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no place: write PARTITION:OFFSET, e.g. 3:41, or 3:41-59 for several")
    partition, first = int(match[1]), int(match[2])
    last = int(match[3]) if match[3] else first
    if last < first:
        raise ValueError(f"{text!r} ends before it begins")
    return Span(partition, first, last)

"""Where a letter lies, as people write it: ``3:41`` is offset 41 of partition 3."""

from __future__ import annotations

import re
from typing import NamedTuple

_PATTERN = re.compile(r"(\d{1,9}):(\d{1,18})(?:-(\d{1,18}))?")


class Place(NamedTuple):
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

    def covers(self, place: Place) -> bool:
        return place.partition == self.partition and self.first <= place.offset <= self.last


def parse_span(text: str) -> Span:
    """Read ``3:41`` or ``3:41-59``; raises ValueError for anything else."""
    found = _PATTERN.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no place: write PARTITION:OFFSET, e.g. 3:41, or 3:41-59 for several")
    partition, first = int(found[1]), int(found[2])
    last = int(found[3]) if found[3] else first
    if last < first:
        raise ValueError(f"{text!r} ends before it begins")
    return Span(partition, first, last)

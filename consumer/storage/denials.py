"""Whose fault a denial is: one object's own, or, where the store denies everything, ours."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

_REMEMBERED: Final = 4096


class Denials:
    """Remembers since when objects are denied; pure, time is handed in as monotonic seconds."""

    def __init__(self) -> None:
        self._read_at: dict[str, float] = {}
        self._denied_since: OrderedDict[tuple[str, str], float] = OrderedDict()

    def read(self, bucket: str, key: str, now: float) -> None:
        """Note that an object was read."""
        self._read_at[bucket] = now
        self._denied_since.pop((bucket, key), None)

    def denied(self, bucket: str, key: str, now: float) -> bool:
        """Note a denial; return whether another object of the bucket was read since this one was denied first."""
        since = self._denied_since.setdefault((bucket, key), now)
        if len(self._denied_since) > _REMEMBERED:
            self._denied_since.popitem(last=False)
        return self._read_at.get(bucket, since) > since

    def read_within(self, bucket: str, seconds: float, now: float) -> bool:
        """Tell whether an object of the bucket was read lately."""
        return now - self._read_at.get(bucket, now - seconds - 1) <= seconds

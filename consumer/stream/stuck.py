"""Partitions that stand still although others, or nothing at all, would explain it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import structlog

from consumer.stream.observer import StreamObserver
from consumer.stream.partitions.assignment import Assignment

_log = structlog.get_logger(__name__)
_HELP: Final = "nothing more is committed until the record has its outcome: docs/production.md, Stuck partitions"


@dataclass(slots=True)
class _Oldest:
    """The oldest unfinished record of a partition, since when it is here, and what was told of it."""

    offset: int
    since: float
    told: str | None = None


class StuckPartitions:
    """Finds partitions whose oldest record has failed or waited for too long; time is in monotonic seconds.

    An outage that readiness tells explains all waiting, and what waits then is given the whole time anew afterwards.
    A rebalance or a new consumer explains nothing: a record that comes again has waited since it came first, or a
    group that is distributed anew each minute would never tell of it. So this outlives assignments and sessions.
    """

    def __init__(self, stuck_seconds: float, observer: StreamObserver) -> None:
        self._stuck_seconds = stuck_seconds
        self._observer = observer
        self._outage_at = self._looked_at = float("-inf")
        self._oldest: dict[tuple[str, int], _Oldest] = {}
        # By partition, why it stands still.
        self._stuck: dict[tuple[str, int], str] = {}

    def look(self, assignments: Iterable[Assignment], now: float, *, is_outage: bool) -> None:
        """Tell each partition that is stuck once, and count them."""
        # Nobody looks between two sessions, which last long only where the brokers are away.
        if is_outage or self._stuck_seconds < now - self._looked_at < float("inf"):
            self._outage_at = now
        self._looked_at = now
        self._stuck = {}
        for item in assignments:
            oldest, place = self._noted(item, now), (item.topic, item.partition)
            if oldest is not None and now - max(oldest.since, self._outage_at) >= self._stuck_seconds:
                self._stuck[place] = oldest.told = oldest.told or _told(item, now - oldest.since)
            elif item.unreadable is not None:
                # Told by whom it was met; no outage explains it, and no waiting.
                self._stuck[place] = str(item.unreadable)
        self._observer.partitions_stuck(len(self._stuck))

    def problem(self) -> str | None:
        """Return which partition stands still, and why; None while none does."""
        for (topic, partition), why in self._stuck.items():
            others = f", and {len(self._stuck) - 1} more" if len(self._stuck) > 1 else ""
            return f"{topic}[{partition}] is stuck: {why}{others}"
        return None

    def _noted(self, item: Assignment, now: float) -> _Oldest | None:
        """Return the oldest unfinished record, which keeps its time where it was the oldest before; None without."""
        place, offset = (item.topic, item.partition), item.ledger.oldest_unfinished
        known = self._oldest.pop(place, None)
        if offset is None:
            # A new assignment waits for what it was in the middle of; another one has finished it.
            if known is not None and item.ledger.watermark is None:
                self._oldest[place] = known
            return None
        if known is None or known.offset != offset:
            known = _Oldest(offset, now - item.oldest_seconds)
        self._oldest[place] = known
        return known


def _told(item: Assignment, seconds: float) -> str:
    offset = item.ledger.oldest_unfinished
    why = item.troubles.get(offset if offset is not None else -1, "its record is not finished, without an error")
    _log.warning(
        "partition.stuck",
        topic=item.topic,
        partition=item.partition,
        offset=offset,
        seconds=round(seconds),
        error=why,
        help=_HELP,
    )
    return f"record {offset}: {why}"

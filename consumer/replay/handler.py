"""A replay's work on one record: skip it, or tag it as the tagger does."""

from __future__ import annotations

from collections.abc import Sequence

from consumer.kafka.records import Publication, SourceRecord
from consumer.replay.pace import Pace
from consumer.replay.selecting.changed_keys import ChangedSince
from consumer.replay.selecting.selection import Selection
from consumer.stream.handler import Handler


class ReplayingHandler:
    """Tags what is selected. A removal is not passed on again: live tagging did so when it came."""

    def __init__(self, tag: Handler, selection: Selection, changed: ChangedSince, pace: Pace) -> None:
        self._tag = tag
        self._selection = selection
        self._changed = changed
        self._pace = pace
        self.tagged = 0
        self.changed_since = 0

    async def __call__(self, record: SourceRecord) -> Sequence[Publication]:
        if not self._selection.holds(record.partition, record.offset):
            return ()
        if self._changed.holds(record.key):
            self.changed_since += 1
            return ()
        await self._pace.wait()
        publications = await self._tag(record)
        # Asked again: tagging takes its time, and whatever came meanwhile was answered by live tagging.
        if self._changed.holds(record.key):
            self.changed_since += 1
            return ()
        self.tagged += 1
        return publications

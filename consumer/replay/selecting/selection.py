"""What a replay is going to tag: known before it begins, from one reading of its part of the topic."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from consumer.kafka.topic_reader import TopicReader
from consumer.replay.plans.plan import PartitionPlan, Plan
from consumer.replay.progress import OnRead
from consumer.replay.selecting.filters import Question
from consumer.replay.selecting.newest import Chosen, Newest
from consumer.replay.selecting.selected import SelectedOffsets
from consumer.services.clocks import epoch_ms, held_to
from schemas import AssetExtracted, EventDecodeError, decode_event


@dataclass(slots=True)
class Counts:
    """What the records of the plan are: each is one of these."""

    selected: int = 0
    superseded: int = 0
    removals: int = 0
    filtered_out: int = 0
    malformed: int = 0


@dataclass(frozen=True, slots=True)
class Selection(SelectedOffsets):
    """The chosen offsets by partition."""

    counts: Counts = field(default_factory=Counts)

    def __len__(self) -> int:
        return self.counts.selected


async def select(topic: TopicReader, plan: Plan, question: Question, on_read: OnRead) -> Selection:
    """Read the plan's part of the topic. ``on_read`` hears how many offsets of how many are behind.

    Raises:
        DatabaseUnavailableError: the filter needs the tables, and they cannot be read.

    """
    counts = Counts()
    chosen: dict[int, Chosen] = {}
    offsets = sum(part.end - part.start for part in plan.partitions.values())
    behind = 0
    for partition, part in sorted(plan.partitions.items()):
        judge = _Judge(question, counts)
        async for records in topic.read(partition, part.start, part.end):
            await judge.take(records)
            on_read(behind + records[-1].offset + 1 - part.start, offsets)
        chosen[partition] = judge.chosen()
        behind += _length(part)
    return Selection(chosen, counts)


def _length(part: PartitionPlan) -> int:
    return part.end - part.start


class _Judge:
    """Judges one partition's records."""

    def __init__(self, question: Question, counts: Counts) -> None:
        self._question = question
        self._counts = counts
        self._newest = Newest()
        self._meant: list[np.ndarray[tuple[int], np.dtype[np.int64]]] = []
        self._events = 0

    async def take(self, records: list[Any]) -> None:
        events: list[AssetExtracted] = []
        offsets: list[int] = []
        for record in records:
            if record.value is None:
                self._newest.add_tombstone(record.key or b"", record.offset)
                self._counts.removals += 1
                continue
            event = _event(record)
            if event is None:
                self._counts.malformed += 1
                continue
            held_at = held_to(event.occurred_at, record.timestamp)
            self._newest.add_event(record.key, record.offset, epoch_ms(held_at))
            events.append(event)
            offsets.append(record.offset)
        meant = await self._question.matching(events)
        self._meant.append(np.array(offsets, np.int64)[np.array(meant, bool)])
        self._events += len(events)

    def chosen(self) -> Chosen:
        newest = self._newest.chosen()
        meant = np.concatenate([np.empty(0, np.int64), *self._meant])
        kept = newest[np.isin(newest, meant, assume_unique=True)]
        self._counts.superseded += self._events - len(newest)
        self._counts.filtered_out += len(newest) - len(kept)
        self._counts.selected += len(kept)
        return Chosen(kept)


def _event(record: Any) -> AssetExtracted | None:
    """Return the record's event; what is none became a dead letter when it came."""
    try:
        event = decode_event(AssetExtracted, record.value)
    except EventDecodeError:
        return None
    return event if record.key == event.asset_id.encode() else None

"""What of the tagged topic another vocabulary applies to: known before it begins, from one reading of its keys."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
import numpy as np
from msgspec import Meta, Raw, Struct

from consumer.kafka.topic_reader import TopicReader
from consumer.replay.plans.plan import Plan
from consumer.replay.progress import OnRead
from consumer.replay.selecting.newest import Chosen, Keys, Newest
from consumer.replay.selecting.selected import SelectedOffsets
from consumer.services.clocks import PASSED_ON_SLACK, epoch_ms, held_to
from schemas import AssetTagged

_MAJOR: Final = AssetTagged.SCHEMA_VERSION.split(".")[0]
_NULL: Final = Raw(b"null")
_Instant = Annotated[datetime, Meta(tz=True)]


class _Made(Struct, gc=False):
    digest: str


class _Event(Struct, gc=False):
    """What the choice depends on; all else of an event is not parsed."""

    schema_version: str
    asset_id: str
    extracted_at: _Instant
    occurred_at: _Instant
    model: _Made
    taxonomy: _Made
    pixel_evidence: Raw = _NULL


_decode: Final = msgspec.json.Decoder(_Event).decode


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The model whose embeddings are scored, and the vocabulary; ``always``: events that have it already too."""

    model_digest: str
    taxonomy_digest: str
    always: bool = False


@dataclass(slots=True)
class TaggedCounts:
    """What the records of the plan are: each is one of these."""

    selected: int = 0
    current: int = 0
    needing_image: int = 0
    superseded: int = 0
    removals: int = 0
    malformed: int = 0


@dataclass(frozen=True, slots=True)
class TaggedSelection(SelectedOffsets):
    """The offsets to be scored by partition, and the digests of the keys whose images are needed."""

    image_keys: Keys
    counts: TaggedCounts = field(default_factory=TaggedCounts)

    def __len__(self) -> int:
        return self.counts.selected


async def select_tagged(topic: TopicReader, plan: Plan, vocabulary: Vocabulary, on_read: OnRead) -> TaggedSelection:
    """Read the plan's part of the topic. ``on_read`` hears how many offsets of how many are behind."""
    counts = TaggedCounts()
    chosen: dict[int, Chosen] = {}
    keys: list[Keys] = []
    offsets = sum(part.end - part.start for part in plan.partitions.values())
    behind = 0
    for partition, part in sorted(plan.partitions.items()):
        judge = _Judge(vocabulary, counts)
        async for records in topic.read(partition, part.start, part.end):
            judge.take(records)
            on_read(behind + records[-1].offset + 1 - part.start, offsets)
        newest, others = judge.chosen()
        chosen[partition] = newest
        keys.append(others)
        behind += part.end - part.start
    return TaggedSelection(chosen, np.concatenate(keys) if keys else Newest().chosen_with_keys()[1], counts)


class _Judge:
    """Judges one partition's records, without parsing more of them than it must."""

    def __init__(self, vocabulary: Vocabulary, counts: TaggedCounts) -> None:
        self._vocabulary = vocabulary
        self._counts = counts
        self._newest = Newest()
        self._others: list[int] = []
        self._current: list[int] = []
        self._events = 0

    def take(self, records: list[Any]) -> None:
        for record in records:
            key = record.key or b""
            if record.value is None:
                self._newest.add_tombstone(key, record.offset)
                self._counts.removals += 1
                continue
            try:
                # As text, so that what is not parsed is UTF-8, too.
                self._take(key, record, _decode(record.value.decode()))
            except (ValueError, RecursionError):
                # Not an event, or of a version to come: the sink has it among its dead letters.
                self._counts.malformed += 1

    def _take(self, key: bytes, record: Any, event: _Event) -> None:
        if event.schema_version.split(".")[0] != _MAJOR or event.asset_id.encode() != key:
            raise ValueError
        offset, extracted_at = record.offset, held_to(event.extracted_at, record.timestamp, PASSED_ON_SLACK)
        self._newest.add_event(key, offset, epoch_ms(extracted_at), epoch_ms(event.occurred_at))
        self._events += 1
        if event.model.digest != self._vocabulary.model_digest or event.pixel_evidence == _NULL:
            self._others.append(offset)
        elif event.taxonomy.digest == self._vocabulary.taxonomy_digest and not self._vocabulary.always:
            self._current.append(offset)

    def chosen(self) -> tuple[Chosen, Keys]:
        newest, keys = self._newest.chosen_with_keys()
        other = np.isin(newest, np.array(self._others, np.int64))
        current = np.isin(newest, np.array(self._current, np.int64))
        wanted = newest[~other & ~current]
        self._counts.superseded += self._events - len(newest)
        self._counts.needing_image += int(other.sum())
        self._counts.current += int(current.sum())
        self._counts.selected += len(wanted)
        return Chosen(wanted), keys[other]

"""What people said of assets, together with the newest event of each on asset-tagged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
import numpy as np
from msgspec import Meta, Struct

from consumer.kafka.errors import missing_topic
from consumer.kafka.topic_reader import TopicReader
from consumer.kafka.topics import TopicsError
from consumer.replay.progress import OnRead
from consumer.replay.rescoring import Rescorer, UnusableEventError
from consumer.tagging.bundle.bundle import Bundle
from consumer.tagging.scoring.lessons import Lesson
from schemas.connections import KafkaConnection

Said = Mapping[tuple[str, str], bool]
_NUMBER: Final = np.dtype("<f2")
_Instant = Annotated[datetime, Meta(tz=True)]


class _Model(Struct):
    digest: str


class _Object(Struct):
    sha256: str | None = None


class _Event(Struct):
    extracted_at: _Instant
    occurred_at: _Instant
    model: _Model
    object: _Object = msgspec.field(default_factory=_Object)


_decode: Final = msgspec.json.Decoder(_Event).decode


@dataclass(frozen=True, slots=True)
class Lessons:
    """``absent``: assets that people spoke of and that no event has now; ``others``: those of another model."""

    lessons: tuple[Lesson, ...]
    absent: int
    others: int


async def read_lessons(
    kafka: KafkaConnection, topic: str, bundle: Bundle, said: Mapping[str, Said], on_read: OnRead, *, use_names: bool
) -> Lessons:
    """Find the newest event of each asset in ``said``, by asset and (category, tag); the topic is read once, whole.

    Events of another model than the bundle's, and such without pixel evidence, teach nothing. Raises KafkaError, and
    TopicsError where the topic is missing.
    """
    newest: dict[str, tuple[_Event, bytes]] = {}
    async with TopicReader(kafka, topic) as reader:
        extent = await reader.extent()
        if not extent:
            raise TopicsError(missing_topic(topic))
        offsets, behind = sum(end - start for start, end in extent.values()), 0
        for partition, (start, end) in extent.items():
            async for records in reader.read(partition, start, end):
                for record in records:
                    _take(newest, record, said)
                on_read(behind + records[-1].offset + 1 - start, offsets)
            behind += end - start
    rescorer = Rescorer(bundle, use_names=use_names)
    lessons, others = [], 0
    for asset_id, (event, value) in sorted(newest.items()):
        lesson = _lesson(rescorer, event, value, said[asset_id]) if event.model.digest == bundle.digest else None
        if lesson is None:
            others += 1
        else:
            lessons.append(lesson)
    return Lessons(tuple(lessons), len(said) - len(newest), others)


def _take(newest: dict[str, tuple[_Event, bytes]], record: Any, said: Mapping[str, Said]) -> None:
    asset_id = (record.key or b"").decode(errors="replace")
    if asset_id not in said:
        return
    if record.value is None:
        newest.pop(asset_id, None)
        return
    try:
        event = _decode(record.value)
    except (ValueError, RecursionError):
        # Not an event, or of a version to come: the sink has it among its dead letters.
        return
    known = newest.get(asset_id)
    if known is None or (known[0].extracted_at, known[0].occurred_at) <= (event.extracted_at, event.occurred_at):
        newest[asset_id] = event, record.value


def _lesson(rescorer: Rescorer, event: _Event, value: bytes, said: Said) -> Lesson | None:
    try:
        needed = rescorer.read(value).needed
    except UnusableEventError:
        return None
    return Lesson(
        content=event.object.sha256 or needed.asset_id,
        embedding=np.frombuffer(needed.embedding.data, _NUMBER),
        pixels=needed.pixel_evidence,
        names=rescorer.names(needed),
        said=said,
    )

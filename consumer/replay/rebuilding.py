"""The tables filled anew from Kafka alone: every tagged event, every removal, and every word that a person said."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog

from consumer.kafka.errors import missing_topic
from consumer.kafka.records import SourceRecord
from consumer.kafka.topic_reader import TopicReader
from consumer.kafka.topics import TopicsError
from consumer.services.clocks import ClockWatch
from consumer.services.storing.sink import receive
from consumer.storage.tables.rows import Entry, TaggedRow, Tombstone
from consumer.storage.tables.tags import TagStore
from consumer.telemetry.metrics import Metrics
from schemas import EventDecodeError, Topics
from schemas.connections import KafkaConnection

_log = structlog.get_logger(__name__)
_BATCH_RECORDS: Final = 1000

# Of each partition, its first offset and the one behind its last.
Extent = dict[int, tuple[int, int]]
# Hears how many of how many records are done.
OnProgress = Callable[[int, int], None]


@dataclass(slots=True)
class Rebuilt:
    """What was read and stored; ``refused`` records hold nothing that a table takes, as the sink's dead letters."""

    tagged: int = 0
    removals: int = 0
    verdicts: int = 0
    refused: int = 0

    def count(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            if isinstance(entry, TaggedRow):
                self.tagged += 1
            elif isinstance(entry, Tombstone):
                self.removals += 1
            else:
                self.verdicts += 1


async def rebuild(kafka: KafkaConnection, topics: Topics, store: TagStore, on_progress: OnProgress) -> Rebuilt:
    """Store what asset-tagged and asset-reviewed hold now, and let the embeddings find their places in the index.

    It may run beside a sink, and again: every write is as idempotent as the sink's. No group's offsets are touched; the
    sink goes on where it was, which lies before the end that is read here.

    Raises:
        TopicsError: one of them is not there, or hidden from our user; nothing was stored.
        KafkaError: a topic cannot be read.
        DatabaseError: the tables do not take the rows now; run it again.

    """
    rebuilt, clocks = Rebuilt(), ClockWatch(Metrics("sink"))
    for topic, extent in (await extents(kafka, topics)).items():
        async with TopicReader(kafka, topic) as reader:
            total, done = sum(end - start for start, end in extent.values()), 0
            for partition, (start, end) in extent.items():
                async for records in reader.read(partition, start, end):
                    for at in range(0, len(records), _BATCH_RECORDS):
                        batch = records[at : at + _BATCH_RECORDS]
                        await _store(store, batch, topics.reviewed, clocks, rebuilt)
                        on_progress(done + batch[-1].offset + 1 - start, total)
                done += end - start
                on_progress(done, total)
    await store.embeddings_settled()
    return rebuilt


async def extents(kafka: KafkaConnection, topics: Topics) -> dict[str, Extent]:
    """Return where the partitions of both topics begin and end now; raises TopicsError or KafkaError."""
    found = {}
    for topic in (topics.tagged, topics.reviewed):
        async with TopicReader(kafka, topic) as reader:
            found[topic] = await reader.extent()
        if not found[topic]:
            raise TopicsError(missing_topic(topic))
    return found


async def _store(
    store: TagStore, records: Sequence[Any], reviewed_topic: str, clocks: ClockWatch, rebuilt: Rebuilt
) -> None:
    entries: list[Entry] = []
    for message in records:
        record = SourceRecord.of(message)
        try:
            entries.append(receive(record, reviewed_topic, clocks))
        except EventDecodeError as error:
            rebuilt.refused += 1
            place = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
            _log.warning("record.refused", **place, error=str(error))
    if not entries:
        return
    errors = await store.write_isolating(entries)
    rebuilt.count([entry for entry, error in zip(entries, errors, strict=True) if error is None])
    rebuilt.refused += sum(error is not None for error in errors)

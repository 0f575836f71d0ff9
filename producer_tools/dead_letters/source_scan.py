"""Looking along the source topic for what came after the records of dead letters."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition

from producer_tools.dead_letters.plan import Candidate, Sightings, SourceKey
from producer_tools.dead_letters.topics import opened, partitions_of, read
from schemas.connections import KafkaConnection

Progress = Callable[[int, int], None]  # records read so far, records in all


class SourceLook:
    """Reads each partition from the first candidate's record to its end, and on from there whenever asked."""

    def __init__(self, consumer: AIOKafkaConsumer, topic: str, candidates: Iterable[Candidate]) -> None:
        self._consumer = consumer
        self._topic = topic
        self._keys: set[SourceKey] = set()
        self._keyless: set[tuple[int, int]] = set()
        self._first: dict[int, int] = {}
        for item in candidates:
            if item.source_key is not None:
                self._keys.add(item.source_key)
            else:
                self._keyless.add((item.source_partition, item.source_offset))
            first = self._first.get(item.source_partition, item.source_offset)
            self._first[item.source_partition] = min(first, item.source_offset)
        self.partitions: frozenset[int] = frozenset()
        self.sightings = Sightings()

    async def begin(self) -> None:
        """Find out how far back the topic reaches."""
        there = await partitions_of(self._consumer, self._topic)
        self.partitions = frozenset(item.partition for item in there)
        wanted = [item for item in there if item.partition in self._first]
        self._consumer.assign(wanted)
        for item, start in (await self._consumer.beginning_offsets(wanted)).items() if wanted else ():
            begin = max(start, self._first[item.partition])
            self.sightings.ranges[item.partition] = (begin, begin)

    async def go_on(self, progress: Progress = lambda *_: None) -> None:
        """Read to the end as it is now."""
        ranges = self.sightings.ranges
        partitions = [TopicPartition(self._topic, number) for number in ranges]
        if not partitions:
            return
        ends = await self._consumer.end_offsets(partitions)
        spans = {item: (ranges[item.partition][1], end) for item, end in ends.items()}
        total, seen = sum(max(0, end - start) for start, end in spans.values()), 0
        async for record in read(self._consumer, spans):
            seen += 1
            if seen % 1000 == 0:
                progress(seen, total)
            place = (record.partition, record.offset)
            if (record.partition, record.key) in self._keys or (record.key is None and place in self._keyless):
                self.sightings.note(*place, record.key)
        for item, (start, end) in spans.items():
            first, _ = ranges[item.partition]
            ranges[item.partition] = (first, max(start, end))


@asynccontextmanager
async def looking(
    connection: KafkaConnection, topic: str, candidates: Iterable[Candidate]
) -> AsyncIterator[SourceLook]:
    """Give a look at the source topic that has not begun to read; raises DeadLetterError."""
    async with opened(connection) as consumer:
        look = SourceLook(consumer, topic, candidates)
        await look.begin()
        yield look

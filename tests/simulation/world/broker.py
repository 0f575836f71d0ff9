"""What brokers do with what producers write: sequence numbers, refusals, and where a record came to lie."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

from aiokafka import errors
from aiokafka.record.memory_records import MemoryRecords

from tests.simulation.world.source import DEAD_LETTERS

OUTPUT: Final = "output"
MAX_BYTES: Final = {OUTPUT: 4_000, DEAD_LETTERS: 20_000}
TOO_LARGE_BYTES: Final = 6_000
# Timestamps beyond the year 2100 are refused. What has none gets that of this machine's own clock.
UNTIMELY_MS: Final = 7_258_118_400_000
_LATEST_MS: Final = 4_102_444_800_000


@dataclass(frozen=True, slots=True)
class Written:
    """A record that lies on a topic."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


class Broker:
    """Takes batches as Kafka does: by sequence number, whole or not at all."""

    def __init__(self, on_written: Callable[[str, Written], None]) -> None:
        self._on_written = on_written
        self._producer_ids = count(1)
        self._ends: defaultdict[tuple[str, int], int] = defaultdict(int)
        # The next number of each producer on each partition, and where its batches lie.
        self._next: dict[tuple[int, str, int], int] = {}
        self._offsets: dict[tuple[int, str, int, int], int] = {}

    def new_producer(self) -> int:
        return next(self._producer_ids)

    def append(self, topic: str, partition: int, batch: bytes) -> tuple[type[errors.BrokerResponseError], int]:
        """Return NoError and the first offset, or the error that refuses all of the batch."""
        read = MemoryRecords(batch).next_batch()
        place = (read.producer_id, topic, partition)
        first = read.base_sequence
        if (*place, first) in self._offsets:
            return errors.NoError, self._offsets[*place, first]
        if first != self._next.get(place, first):
            return errors.OutOfOrderSequenceNumber, -1
        records = list(read)
        if any(_size(record) > MAX_BYTES[topic] for record in records):
            return errors.MessageSizeTooLargeError, -1
        if any(record.timestamp > _LATEST_MS for record in records):
            return errors.InvalidTimestampError, -1
        self._next[place] = first + len(records)
        self._offsets[*place, first] = offset = self._ends[topic, partition]
        self._ends[topic, partition] += len(records)
        for record in records:
            self._on_written(topic, Written(record.key, record.value, tuple(record.headers)))
        return errors.NoError, offset


def _size(record: Any) -> int:
    headers: Sequence[tuple[str, bytes | None]] = record.headers
    return (
        len(record.key or b"")
        + len(record.value or b"")
        + sum(len(name) + len(value or b"") for name, value in headers)
    )

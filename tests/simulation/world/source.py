"""The topic that the engine reads: an append-only log of each partition, with gaps between offsets."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import Final

from schemas.headers import with_caused_by
from tests.simulation.plan import Nature, PlannedRecord, Service
from tests.simulation.world.tagged import place, tagged_json, timestamp_ms

TOPIC: Final = "source"
DEAD_LETTERS: Final = f"{TOPIC}.dlq"
HUGE_BYTES: Final = 30_000


@dataclass(frozen=True, slots=True)
class Message:
    """A record as aiokafka gives it."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    planned: PlannedRecord


class Partition:
    """The log of one partition."""

    def __init__(self, partition: int) -> None:
        self._partition = partition
        self._offsets: list[int] = []
        self.messages: list[Message] = []
        self.end = 0

    def append(self, planned: PlannedRecord, service: Service) -> Message:
        offset = self.end + planned.gap
        message = Message(
            TOPIC,
            self._partition,
            offset,
            timestamp_ms(planned),
            planned.key,
            _value(planned, service),
            _headers(planned),
            planned,
        )
        self._offsets.append(offset)
        self.messages.append(message)
        self.end = offset + 1
        return message

    def from_offset(self, offset: int, limit: int) -> list[Message]:
        first = bisect_left(self._offsets, offset)
        return self.messages[first : first + limit]

    def between(self, begin: int, end: int) -> list[Message]:
        return self.messages[bisect_left(self._offsets, begin) : bisect_left(self._offsets, end)]


def _headers(planned: PlannedRecord) -> tuple[tuple[str, bytes], ...]:
    number = (("number", b"%d" % planned.number),)
    if planned.nature is not Nature.REMOVAL:
        return number
    return tuple((name, value or b"") for name, value in with_caused_by(number, "extracted", place(planned)))


def _value(planned: PlannedRecord, service: Service) -> bytes | None:
    if service is Service.TAGGER:
        value = b"%06d" % planned.number
        return value.ljust(HUGE_BYTES, b".") if planned.nature is Nature.HUGE else value
    if planned.nature is Nature.REMOVAL:
        return None
    return b"no event" if planned.nature is Nature.POISON else tagged_json(planned)

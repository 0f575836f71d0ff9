"""A record as it comes in, and one as it goes out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

from aiokafka import ConsumerRecord

Headers = tuple[tuple[str, bytes | None], ...]


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """A Kafka record as it was received; ``timestamp_ms`` since the epoch, ``value`` None for a tombstone.

    ``follows``: the offset behind the record before it, or at which its group went on; what lies between that and this
    record never comes. None where it is not known.
    """

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    follows: int | None = field(default=None, compare=False)

    @classmethod
    def of(cls, message: ConsumerRecord, follows: int | None = None) -> Self:
        """Return what a consumer has read, in our form."""
        return cls(
            topic=message.topic,
            partition=message.partition,
            offset=message.offset,
            timestamp_ms=message.timestamp,
            key=message.key,
            value=message.value,
            headers=tuple(message.headers),
            follows=follows,
        )

    @property
    def size_bytes(self) -> int:
        """Bytes of key, value and headers."""
        headers_bytes = sum(len(name) + len(value or b"") for name, value in self.headers)
        return len(self.key or b"") + len(self.value or b"") + headers_bytes


@dataclass(frozen=True, slots=True)
class Publication:
    """A record to be written; ``timestamp_ms`` since the epoch, None for the moment it is written.

    ``partition``: None for the one that its key belongs to.
    """

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    timestamp_ms: int | None = None
    partition: int | None = None

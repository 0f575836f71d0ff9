"""The engine's two values: what comes in and what goes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

Headers = tuple[tuple[str, bytes | None], ...]


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """A Kafka record as it was received; ``timestamp_ms`` since the epoch, ``value`` None for a tombstone."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()

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


class Handler(Protocol):
    """What a service does with one record.

    Called concurrently for many records, again for the same record after a retry or a redelivery, and cancelled when
    its partition is taken away: it must be idempotent. Returns what shall be published; the engine publishes in the
    order of the partition for records of one key, and commits the offset when all of it is acknowledged.
    """

    async def __call__(self, record: SourceRecord, /) -> Sequence[Publication]: ...

"""What a service brings to the engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from consumer.kafka.records import Publication, SourceRecord


class Handler(Protocol):
    """What a service does with one record.

    Called concurrently for many records, again for the same record after a retry or a redelivery, and cancelled when
    its partition is taken away: it must be idempotent. Returns what shall be published; the engine publishes in the
    order of the partition for records of one key, and commits the offset when all of it is acknowledged.
    """

    async def __call__(self, record: SourceRecord, /) -> Sequence[Publication]: ...

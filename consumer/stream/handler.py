"""What a service brings to the engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from consumer.kafka.records import Publication, SourceRecord


class Handler(Protocol):
    """What a service does with one record.

    Called concurrently for many records, again for the same record after a retry or a redelivery, and cancelled when
    its partition is taken away: it must be idempotent. Returns what shall be published; the engine publishes in the
    order of the partition for records of one key, and commits the offset when all of it is acknowledged.
    """

    async def __call__(self, record: SourceRecord, /) -> Sequence[Publication]: ...


@runtime_checkable
class BatchHandler(Handler, Protocol):
    """A handler that publishes nothing, and for which many records at once are less work than each alone."""

    async def together(self, records: Sequence[SourceRecord], /) -> Sequence[bool]:
        """Work on records of one partition that were received together; tell of each whether its outcome is durable.

        Those of which it is not, or all where this raises, are worked on one by one, and each finds out what is wrong.
        """

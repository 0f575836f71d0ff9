"""Batches that cannot be read: aiokafka raises out of the middle of a fetch, and loses what other partitions gave."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from math import inf
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.errors import UnsupportedCodecError

from consumer.kafka.errors import UnreadableBatchError

_Fetch = Callable[..., Awaitable[dict[Any, list[Any]]]]


def lose_no_neighbours() -> None:
    """Make this process's consumers give all records before a batch that cannot be read, then raise for it alone.

    In aiokafka one such batch keeps back the good ones before it, and records of other partitions that were taken in
    the same call are gone: their positions have moved on already.
    """
    fetcher.FetchResult = _FetchResult
    fetcher.Fetcher.fetched_records = _raising_first(fetcher.Fetcher.fetched_records)


class _FetchResult(fetcher.FetchResult):  # type: ignore[misc]  # aiokafka is untyped
    """What was fetched of one partition, up to the first batch that cannot be read."""

    unreadable: UnreadableBatchError | None = None
    _partition_records: Any

    def getall(self, max_records: int | None = None) -> list[Any]:
        place = self._topic_partition
        if not self.check_assignment(place) or not self.has_more() or self.unreadable is not None:
            return []
        found: list[Any] = []
        records = self._partition_records
        try:
            while len(found) < (inf if max_records is None else max_records):
                record = next(records, None)
                if record is None:
                    self._update_position()
                    self._partition_records = None
                    return found
                found.append(record)
        except UnsupportedCodecError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a parser makes of damaged bytes
            self.unreadable = UnreadableBatchError(place.topic, place.partition, records.next_fetch_offset, error)
        self._update_position()
        return found


def _raising_first(fetch: _Fetch) -> _Fetch:
    @wraps(fetch)
    async def fetched_records(self: Any, partitions: Any, *args: Any, **options: Any) -> dict[Any, list[Any]]:
        for place, result in list(self._records.items()):
            if getattr(result, "unreadable", None) is None or (partitions and place not in partitions):
                continue
            # As aiokafka does with an error, so that the partition is fetched again.
            del self._records[place]
            self._notify(self._wait_consume_future)
            if result.check_assignment(place):
                raise result.unreadable
        return await fetch(self, partitions, *args, **options)

    return fetched_records

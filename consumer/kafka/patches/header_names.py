"""Header names that are not UTF-8: aiokafka gives a partition up over one, brokers do not."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import _MemoryRecordsPy


def read_any_header_name() -> None:
    """Make this process's consumers read such records; each byte of a name that is no text comes as an escape.

    A broker checks no names, so that one record of a careless or hostile producer would stop its partition for ever.
    """
    fetcher.MemoryRecords = _Records


class _Records(_MemoryRecordsPy):  # type: ignore[misc]  # final for type checkers alone
    """Batches of records as aiokafka's fetcher takes them, each with a second way to read it."""

    def next_batch(self, *args: Any) -> Any:
        raw = self._next_slice
        batch = super().next_batch(*args)
        return batch if batch is None or raw is None or batch.magic < 2 else _Batch(batch, raw)


class _Batch:
    def __init__(self, batch: Any, raw: memoryview) -> None:
        self._batch = batch
        self._raw = raw

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        count = 0
        try:
            for record in self._batch:
                yield record
                count += 1
        except (CorruptRecordException, UnicodeDecodeError):
            yield from islice(_leniently(self._raw), count, None)


def _leniently(raw: memoryview) -> Iterator[Any]:
    """Read the batch once more with a parser that can be told to; what is really corrupt fails here again."""
    batch = _DefaultRecordBatchPy(raw)
    records: Iterator[Any] = iter(batch)
    batch._buffer = _LenientBytes(batch._buffer)  # noqa: SLF001 - where the parser takes names from
    return records


class _LenientBytes(bytearray):
    def __getitem__(self, place: Any) -> Any:
        item = super().__getitem__(place)
        return _LenientBytes(item) if isinstance(place, slice) else item

    def decode(self, encoding: str = "utf-8", errors: str = "backslashreplace") -> str:
        return super().decode(encoding, errors)

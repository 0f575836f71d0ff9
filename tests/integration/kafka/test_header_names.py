"""A header name that is not UTF-8 does not stop its partition."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Sequence

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record.memory_records import MemoryRecords

from consumer.kafka.records import Publication, SourceRecord
from consumer.stream.failures.faults import FaultKind, FaultRow, FaultTable
from testkit.harness import Harness
from testkit.kafka_tools import read_all, write

# aiokafka's own parser in C takes nothing but str for a name, so the careless producer is a process without it.
_CARELESS = """
import asyncio, sys
from aiokafka import AIOKafkaProducer

class Name(str):
    def encode(self, *_):
        return b"\\xff\\xfename"

async def main(bootstrap, topic, compression):
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, compression_type=compression or None, linger_ms=200)
    await producer.start()
    sent = [
        await producer.send(topic, str(number).encode(), key=b"k", partition=0, headers=headers)
        for number, headers in enumerate([[], [("fine", b"1")], [("a", b"2"), (Name("odd"), b"value")], []])
    ]
    await asyncio.gather(*sent)
    await producer.stop()

asyncio.run(main(*sys.argv[1:]))
"""


def write_carelessly(harness: Harness, compression: str) -> None:
    command = [sys.executable, "-c", _CARELESS, harness.bootstrap, harness.source, compression]
    subprocess.run(command, env={**os.environ, "AIOKAFKA_NO_EXTENSIONS": "1"}, check=True)


class PoisonError(Exception):
    """The record's own fault."""


@pytest.mark.parametrize("compression", ["", "gzip"])
async def test_a_record_with_a_name_that_is_no_text_is_read_like_any_other(harness: Harness, compression: str) -> None:
    """It, and those of its batch before and behind it; should it become a dead letter, the name is told in escapes."""
    harness.faults = FaultTable((FaultRow(PoisonError, FaultKind.POISON, "test"),))
    seen: list[tuple[bytes | None, tuple[tuple[str, bytes | None], ...]]] = []

    async def handle(record: SourceRecord) -> Sequence[Publication]:
        seen.append((record.value, record.headers))
        if record.value == b"2":
            raise PoisonError
        return ()

    await asyncio.to_thread(write_carelessly, harness, compression)
    async with harness.running(handle):
        await write(harness.bootstrap, harness.source, [(b"k", b"4")], partition=0)
        await harness.until_committed(5)

    odd = (("a", b"2"), ("\\xff\\xfename", b"value"))
    assert seen == [(b"0", ()), (b"1", (("fine", b"1"),)), (b"2", odd), (b"3", ()), (b"4", ())]
    (letter,) = await read_all(harness.bootstrap, harness.dead_letters)
    assert letter.headers[:2] == odd


async def test_aiokafka_still_needs_our_help(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    """When this fails, a new version reads such records itself, and our way around can go."""
    monkeypatch.setattr(fetcher, "MemoryRecords", MemoryRecords)
    await asyncio.to_thread(write_carelessly, harness, "")
    consumer = AIOKafkaConsumer(harness.source, bootstrap_servers=harness.bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    errors = []
    for _ in range(5):
        try:
            await consumer.getmany(timeout_ms=500)
        except (CorruptRecordException, UnicodeDecodeError) as error:
            errors.append(error)
    await consumer.stop()

    assert len(errors) > 1

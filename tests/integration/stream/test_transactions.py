"""Producers that write in transactions: only what is committed happened."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from aiokafka import AIOKafkaProducer

from consumer.kafka.records import Publication, SourceRecord
from consumer.kafka.topic_reader import TopicReader
from consumer.stream.observer import SilentObserver
from schemas.connections import KafkaConnection
from testkit.harness import Harness
from testkit.kafka_tools import eventually


class Lags(SilentObserver):
    """Remembers the lag of each partition."""

    def __init__(self) -> None:
        self.records: dict[int, int] = {}

    def lag(self, topic: str, partition: int, *, records: int, seconds: float) -> None:  # noqa: ARG002 - StreamObserver's
        self.records[partition] = records


async def test_what_is_aborted_or_still_open_is_not_handled_and_is_no_lag(harness: Harness) -> None:
    handled: list[bytes | None] = []
    lags = Lags()

    async def handle(record: SourceRecord) -> Sequence[Publication]:
        handled.append(record.value)
        return ()

    producer = AIOKafkaProducer(bootstrap_servers=harness.bootstrap, transactional_id=harness.source)
    await producer.start()
    try:
        for value in (b"committed", b"aborted"):
            await producer.begin_transaction()
            await producer.send_and_wait(harness.source, value, partition=0)
            await (producer.commit_transaction() if value == b"committed" else producer.abort_transaction())
        await producer.begin_transaction()
        await producer.send_and_wait(harness.source, b"open", partition=0)

        async with harness.running(handle, lags):
            await eventually(lambda: handled == [b"committed"] and lags.records.get(0) == 0, "it is handled, lag 0")
            await asyncio.sleep(1)
            assert handled == [b"committed"]
            async with TopicReader(KafkaConnection(bootstrap=harness.bootstrap), harness.source) as reader:
                read = [record.value async for records in reader.read(0, 0, 2) for record in records]
            assert read == [b"committed"]

            await producer.commit_transaction()
            await eventually(lambda: handled == [b"committed", b"open"], "what was open is handled once committed")
    finally:
        await producer.stop()

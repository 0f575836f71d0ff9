"""Positions that move: whatever is passed over or read once more is told."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from structlog.testing import capture_logs

from consumer.kafka.records import Publication, SourceRecord
from consumer.stream.observer import SilentObserver
from testkit.harness import Harness
from testkit.kafka_tools import eventually, write


class Moves(SilentObserver):
    """Remembers why positions moved."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, str]] = []

    def position_moved(self, topic: str, partition: int, *, reason: str) -> None:  # noqa: ARG002 - one topic
        self.seen.append((partition, reason))


async def _done(_: SourceRecord) -> Sequence[Publication]:
    return ()


async def _write(harness: Harness, count: int) -> None:
    records = [(str(number).encode(), b"v") for number in range(count)]
    await write(harness.bootstrap, harness.source, records, partition=0)


async def _cut(harness: Harness, before_offset: int) -> None:
    """Delete what lies before, as retention does."""
    admin = AIOKafkaAdminClient(bootstrap_servers=harness.bootstrap)
    await admin.start()
    try:
        await admin.delete_records({TopicPartition(harness.source, 0): RecordsToDelete(before_offset=before_offset)})
    finally:
        await admin.close()


async def _commit(harness: Harness, offset: int) -> None:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=harness.bootstrap, group_id=harness.settings.group, enable_auto_commit=False
    )
    await consumer.start()
    consumer.assign([TopicPartition(harness.source, 0)])
    await consumer.commit({TopicPartition(harness.source, 0): offset})
    await consumer.stop()


async def _read_on(harness: Harness, up_to: int) -> tuple[list[tuple[int, str]], list[dict[str, Any]]]:
    """Run until so much is committed; return what moved, as observed and as logged."""
    moves = Moves()
    with capture_logs() as logs:
        async with harness.running(_done, moves):
            await harness.until_committed(up_to)
    return moves.seen, [
        {name: line[name] for name in ("partition", "from", "to", "count")}
        for line in logs
        if line["event"] == "position.moved" and line["log_level"] == "warning"
    ]


async def test_records_deleted_while_nobody_read_are_told(harness: Harness) -> None:
    await _write(harness, 20)
    await _read_on(harness, 20)
    await _write(harness, 60)
    await _cut(harness, 50)

    moved, told = await _read_on(harness, 80)
    assert moved == [(0, "skipped")]
    assert told == [{"partition": 0, "from": 20, "to": 50, "count": 30}]


async def test_records_deleted_before_a_slow_reader_are_told(harness: Harness) -> None:
    harness = harness.tuned(max_records_in_flight=1)
    release, moves = asyncio.Event(), Moves()

    async def handle(_: SourceRecord) -> Sequence[Publication]:
        await release.wait()
        return ()

    # The group has an offset, however late its first look at the log comes.
    await _commit(harness, 0)
    with capture_logs() as logs:
        async with harness.running(handle, moves) as running:
            await eventually(lambda: running.engine.readiness_problem() is None, "it is a member")
            # Larger than what is fetched ahead.
            await write(harness.bootstrap, harness.source, [(b"k", bytes(500_000))] * 20, partition=0)
            await asyncio.sleep(1)
            await _cut(harness, 15)
            release.set()
            await harness.until_committed(20)
            await eventually(lambda: bool(moves.seen), "the gap is told")

    (told,) = [line for line in logs if line["event"] == "position.moved"]
    assert told["from"] < told["to"] == 15
    assert told["count"] == 15 - told["from"]
    assert moves.seen == [(0, "skipped")]


async def test_a_group_without_offsets_is_told_that_it_reads_all(harness: Harness) -> None:
    """Whose offsets expired, or whose topic was made anew; a new one, too."""
    await _write(harness, 20)

    moved, told = await _read_on(harness, 20)
    assert moved == [(0, "again")]
    assert told == [{"partition": 0, "from": None, "to": 0, "count": 20}]


async def test_an_offset_behind_the_end_of_the_log_is_told(harness: Harness) -> None:
    await _write(harness, 5)
    await _commit(harness, 100)

    moves = Moves()
    with capture_logs() as logs:
        async with harness.running(_done, moves):
            await eventually(lambda: bool(moves.seen), "it is told")
    assert moves.seen[0] == (0, "again")
    told = next(line for line in logs if line["event"] == "position.moved")
    assert (told["from"], told["to"], told["count"]) == (100, 0, 5)


@pytest.mark.parametrize("again", [1, 2])
async def test_a_restart_moves_nothing(harness: Harness, again: int) -> None:
    async with harness.running(_done) as running:
        await eventually(lambda: running.engine.readiness_problem() is None, "it is a member")
        await _write(harness, 20)
        await harness.until_committed(20)
    for number in range(again):
        await _write(harness, 5)
        assert await _read_on(harness, 25 + 5 * number) == ([], [])


async def test_what_a_producer_took_back_is_no_gap(harness: Harness) -> None:
    moves = Moves()
    await _commit(harness, 0)
    async with harness.running(_done, moves) as running:
        await eventually(lambda: running.engine.readiness_problem() is None, "it is a member")
        await _write(harness, 5)
        producer = AIOKafkaProducer(bootstrap_servers=harness.bootstrap, transactional_id=harness.source)
        await producer.start()
        await producer.begin_transaction()
        await producer.send_and_wait(harness.source, b"never", partition=0)
        await producer.abort_transaction()
        await producer.stop()
        await _write(harness, 5)
        # The broker may write its mark of what was taken back behind them.
        await harness.until_committed(11)
        await asyncio.sleep(0.5)
    assert moves.seen == []


async def test_a_consumer_that_goes_back_before_where_its_group_stopped_is_rebuilt(harness: Harness) -> None:
    """Results of old records would come to lie behind those of newer ones that are not read again."""
    await _write(harness, 20)
    await _read_on(harness, 20)
    handled: list[int] = []

    async def handle(record: SourceRecord) -> Sequence[Publication]:
        handled.append(record.offset)
        return ()

    with capture_logs() as logs:
        async with harness.running(handle) as running:
            await eventually(lambda: running.engine.readiness_problem() is None, "it is a member")
            # As after a change of leaders, when an offset is out of range for a moment.
            session: Any = running.engine._session
            session._consumer.seek(TopicPartition(harness.source, 0), 5)
            await eventually(lambda: any(line["event"] == "consumer.repositioned" for line in logs), "it is noticed")
            await _write(harness, 1)
            await harness.until_committed(21)

    assert handled == [20]

"""A batch whose bytes were changed on the broker's disk stops its own partition alone, and somebody is told."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from structlog.testing import capture_logs

from consumer.kafka.errors import UnreadableBatchError
from consumer.kafka.records import Publication, SourceRecord
from consumer.kafka.topic_reader import TopicReader
from consumer.stream.observer import SilentObserver
from devstack.stack import Stack
from schemas.connections import KafkaConnection
from testkit.harness import Harness, Running
from testkit.kafka_tools import eventually, write

_MARK = b"here the disk rots"


class Stuck(SilentObserver):
    """Remembers how many partitions are stuck."""

    def __init__(self) -> None:
        self.now = 0
        self.looks = 0

    def partitions_stuck(self, count: int) -> None:
        self.now = count
        self.looks += 1


class Disk:
    """The file of a partition, of which a value can be changed and mended: its batch has another checksum then."""

    def __init__(self, stack: Stack, topic: str, partition: int) -> None:
        self._path: Path = stack.folder / "kafka" / "data" / f"{topic}-{partition}" / f"{0:020}.log"

    def damage(self) -> None:
        self._replace(_MARK, _MARK.upper())

    def mend(self) -> None:
        self._replace(_MARK.upper(), _MARK)

    def _replace(self, old: bytes, new: bytes) -> None:
        place = self._path.read_bytes().index(old)
        with self._path.open("r+b") as file:
            file.seek(place)
            file.write(new)


@pytest.fixture
async def disk(stack: Stack, harness: Harness) -> Disk:
    """Partition 0 holds three records, then a batch of two that is damaged, then one more."""
    for values in ([b"0", b"1", b"2"], [b"3", _MARK], [b"5"]):
        await write(harness.bootstrap, harness.source, [(b"k", value) for value in values], partition=0)
    made = Disk(stack, harness.source, 0)
    made.damage()
    return made


def _problem(running: Running) -> str:
    return running.engine.readiness_problem() or ""


async def test_what_lies_before_it_and_beside_it_is_read_and_it_is_told_once(harness: Harness, disk: Disk) -> None:
    stuck = Stuck()
    numbers = [str(number).encode() for number in range(300)]
    for partition in (1, 2):
        await write(harness.bootstrap, harness.source, [(b"a", number) for number in numbers], partition=partition)
    seen: list[tuple[int, bytes | None]] = []

    async def handle(record: SourceRecord) -> Sequence[Publication]:
        seen.append((record.partition, record.value))
        return ()

    with capture_logs() as logs:
        async with harness.running(handle, stuck) as running:
            await harness.until_committed(603)
            await eventually(lambda: stuck.now == 1, "the partition counts as stuck")
            told = f"{harness.source}[0] is stuck: the batch of {harness.source}[0] at offset 3 cannot be read"
            assert told in _problem(running)
            await write(harness.bootstrap, harness.source, [(b"a", b"later")], partition=1)
            await harness.until_committed(604)
            assert running.engine.liveness_problem() is None

            disk.mend()
            await harness.until_committed(607)
            await eventually(lambda: stuck.now == 0 and not _problem(running), "all is well again")

    assert [value for place, value in seen if place == 0] == [b"0", b"1", b"2", b"3", _MARK, b"5"]
    assert [value for place, value in seen if place == 1] == [*numbers, b"later"]
    assert [value for place, value in seen if place == 2] == numbers
    (line,) = [line for line in logs if line["event"] == "partition.unreadable"]
    assert (line["log_level"], line["topic"], line["partition"], line["offset"]) == ("warning", harness.source, 0, 3)
    assert "set the group's offset behind the batch" in line["help"]


async def test_waiting_for_it_is_no_stall(harness: Harness, disk: Disk) -> None:
    """A new consumer, or a new process, would read no more of it."""
    stuck = Stuck()

    async def handle(_: SourceRecord) -> Sequence[Publication]:
        return ()

    harness = harness.tuned(stall_seconds=1, record_timeout_seconds=0.9, publish_timeout_seconds=0.9)
    with capture_logs() as logs:
        async with harness.running(handle, stuck) as running:
            await harness.until_committed(3)
            enough = stuck.looks + int(3 / harness.settings.lag_interval_seconds)
            await eventually(lambda: stuck.now == 1 and stuck.looks > enough, "it has stood still for three stalls")
            assert running.engine.liveness_problem() is None
    assert "consumer.rebuilt" not in {line["event"] for line in logs}
    disk.mend()


async def test_a_verb_that_reads_the_topic_names_it(harness: Harness, disk: Disk) -> None:
    read: list[bytes | None] = []
    async with TopicReader(KafkaConnection(bootstrap=harness.bootstrap), harness.source) as reader:

        async def read_on() -> None:
            async for records in reader.read(0, 0, 6):
                read.extend(record.value for record in records)

        with pytest.raises(UnreadableBatchError, match=r"\[0\] at offset 3 cannot be read"):
            await read_on()
    assert read == [b"0", b"1", b"2"]
    disk.mend()


@pytest.fixture
def aiokafka_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetcher, "FetchResult", fetcher.FetchResult.__bases__[0])
    monkeypatch.setattr(fetcher.Fetcher, "fetched_records", fetcher.Fetcher.fetched_records.__wrapped__)


async def _fetched(consumer: AIOKafkaConsumer) -> object:
    while not (found := await consumer.getmany(timeout_ms=500)):
        pass
    return found


@pytest.mark.usefixtures("aiokafka_alone")
async def test_aiokafka_still_needs_our_help(harness: Harness, disk: Disk) -> None:
    """When this fails, a new version gives what lies before such a batch itself, and our way around can go."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=harness.bootstrap, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        consumer.assign([TopicPartition(harness.source, 0)])
        for _ in range(2):
            with pytest.raises(CorruptRecordException):
                await _fetched(consumer)
    finally:
        await consumer.stop()
    disk.mend()

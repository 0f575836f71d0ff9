"""The engine on real Kafka: outcomes, order, retries, dead letters."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError

from consumer.kafka.records import Publication, SourceRecord
from consumer.stream.failures.breaker import Breaker
from consumer.stream.failures.faults import FaultKind, FaultRow, FaultTable, at_stage
from schemas import DeadLetter, Disposition, Stage
from schemas.topics import DEAD_LETTER_MESSAGE_BYTES, MAX_MESSAGE_BYTES
from testkit.harness import Harness
from testkit.kafka_tools import eventually, make_topics, read_all, write


class PoisonError(Exception):
    """The record's own fault."""


class OutageError(Exception):
    """The world's fault."""


FAULTS = FaultTable(
    (FaultRow(PoisonError, FaultKind.POISON, "test"), FaultRow(OutageError, FaultKind.TRANSIENT, "test"))
)


def _numbered(count: int) -> list[tuple[bytes | None, bytes | None]]:
    return [(f"key-{index % 17}".encode(), str(index).encode()) for index in range(count)]


async def test_every_record_is_published_once_and_committed(harness: Harness) -> None:
    """With work that ends in any order, an undisturbed run publishes each record exactly once."""

    async def handle(record: SourceRecord) -> Sequence[Publication]:
        await asyncio.sleep(random.random() * 0.01)
        return (harness.copy(record),)

    async with harness.running(handle):
        await write(harness.bootstrap, harness.source, _numbered(500))
        await harness.until_committed(500)

    assert Counter(await harness.output_values()) == Counter(str(index).encode() for index in range(500))


async def test_results_of_one_key_keep_the_order_of_the_source(harness: Harness) -> None:
    """Although the first record of a key takes longest."""

    async def handle(record: SourceRecord) -> Sequence[Publication]:
        await asyncio.sleep(0.05 if int(record.value or b"0") < 20 else 0)
        return (harness.copy(record),)

    async with harness.running(handle):
        await write(harness.bootstrap, harness.source, _numbered(200))
        await harness.until_committed(200)

    by_key: dict[bytes | None, list[int]] = {}
    for item in await read_all(harness.bootstrap, harness.output):
        by_key.setdefault(item.key, []).append(int(item.value or b""))
    assert len(by_key) == 17
    assert all(numbers == sorted(numbers) for numbers in by_key.values())


async def test_nothing_is_committed_past_a_record_that_is_not_finished(harness: Harness) -> None:
    """One slow record holds its partition's commit back, while later ones are published already."""
    release = asyncio.Event()

    async def handle(record: SourceRecord) -> Sequence[Publication]:
        if record.offset == 3:
            await release.wait()
        return (harness.copy(record),)

    async with harness.running(handle):
        await write(harness.bootstrap, harness.source, _numbered(10), partition=0)
        await harness.until_committed(3)
        await asyncio.sleep(0.5)
        assert await harness.committed() == 3
        assert len(await harness.output_values()) == 9
        release.set()
        await harness.until_committed(10)


async def test_a_restart_goes_on_where_the_commit_stopped(harness: Harness) -> None:
    """Finished records are not delivered again."""
    seen: list[bytes | None] = []

    async def handle(record: SourceRecord) -> Sequence[Publication]:
        seen.append(record.value)
        return ()

    async with harness.running(handle):
        await write(harness.bootstrap, harness.source, _numbered(50))
        await harness.until_committed(50)
    async with harness.running(handle):
        await write(harness.bootstrap, harness.source, [(b"k", b"new")])
        await harness.until_committed(51)

    assert Counter(seen).most_common(1)[0][1] == 1
    assert len(seen) == 51


async def test_poison_becomes_a_dead_letter_with_its_history_and_stops_nobody(harness: Harness) -> None:
    """Key, value and headers stay byte for byte; the dlq headers tell where, why and when."""
    harness.faults = FAULTS
    original = (("traceparent", b"00-trace"), ("binary", b"\xff\x00"), ("dlq-error-class", b"Older"))

    async def handle(record: SourceRecord) -> Sequence[Publication]:
        if record.value == b"bad":
            with at_stage(Stage.DECODE_IMAGE):
                raise PoisonError("broken pixels")
        return (harness.copy(record),)

    async with harness.running(handle):
        await write(harness.bootstrap, harness.source, [(b"a", b"good")], partition=1)
        (place,) = await write(harness.bootstrap, harness.source, [(b"k\xff", b"bad")], partition=1, headers=original)
        await write(harness.bootstrap, harness.source, [(b"c", b"good too")], partition=1)
        await harness.until_committed(3)

    assert await harness.output_values() == [b"good", b"good too"]
    (letter,) = await read_all(harness.bootstrap, harness.dead_letters)
    assert (letter.key, letter.value) == (b"k\xff", b"bad")
    assert letter.headers[:2] == original[:2]
    history = DeadLetter.from_headers(letter.headers)
    assert history is not None
    assert (history.error_class, history.error_message) == ("PoisonError", "broken pixels")
    assert history.error_stage is Stage.DECODE_IMAGE
    assert (history.topic, history.partition, history.offset) == (harness.source, *place)
    assert history.disposition is Disposition.POISON
    assert (history.attempts, history.replay_count, history.group) == (1, 0, harness.settings.group)
    assert letter.text("dlq-error-class") == "PoisonError"


async def test_a_transient_fault_is_waited_out_however_often_it_comes(harness: Harness) -> None:
    """More failures than an unknown error would be granted, and no dead letter."""
    harness.faults = FAULTS
    failures = Counter[int]()

    async def handle(record: SourceRecord) -> Sequence[Publication]:
        failures[record.offset] += 1
        if failures[record.offset] <= harness.settings.max_unknown_attempts + 3:
            raise OutageError
        return (harness.copy(record),)

    async with harness.running(handle):
        await write(harness.bootstrap, harness.source, _numbered(5), partition=0)
        await harness.until_committed(5)

    assert len(await harness.output_values()) == 5
    assert await read_all(harness.bootstrap, harness.dead_letters) == []


async def test_an_unknown_error_is_tried_a_few_times_and_then_given_up(harness: Harness) -> None:
    """The dead letter counts the attempts and says that they are exhausted."""
    calls = Counter[bytes | None]()

    async def handle(record: SourceRecord) -> Sequence[Publication]:
        calls[record.value] += 1
        if record.value == b"odd" or (record.value == b"flaky" and calls[record.value] < 3):
            raise ZeroDivisionError("nobody expected this")
        return (harness.copy(record),)

    async with harness.running(handle):
        await write(harness.bootstrap, harness.source, [(b"a", b"odd"), (b"b", b"flaky")])
        await harness.until_committed(2)

    assert calls == {b"odd": harness.settings.max_unknown_attempts, b"flaky": 3}
    assert await harness.output_values() == [b"flaky"]
    (letter,) = await read_all(harness.bootstrap, harness.dead_letters)
    assert letter.text("dlq-disposition") == "exhausted"
    assert letter.text("dlq-attempts") == str(harness.settings.max_unknown_attempts)
    assert letter.text("dlq-error-stage") == "process"


async def test_an_unknown_error_that_passes_in_time_costs_no_record(harness: Harness) -> None:
    """What nobody knows may be an outage: many quick attempts do not outlast one."""
    harness = harness.tuned(unknown_seconds=600)
    failures = Counter[int]()

    async def handle(record: SourceRecord) -> Sequence[Publication]:
        failures[record.offset] += 1
        if failures[record.offset] <= harness.settings.max_unknown_attempts + 3:
            raise ZeroDivisionError
        return (harness.copy(record),)

    async with harness.running(handle):
        await write(harness.bootstrap, harness.source, _numbered(5), partition=0)
        await harness.until_committed(5)

    assert len(await harness.output_values()) == 5
    assert await read_all(harness.bootstrap, harness.dead_letters) == []


async def test_a_handler_that_hangs_is_cut_off_and_given_up(harness: Harness) -> None:
    """A record that never ends must not hold its partition for ever."""
    harness = harness.tuned(record_timeout_seconds=0.1, max_unknown_attempts=2)

    async def handle(record: SourceRecord) -> Sequence[Publication]:
        if record.value == b"hangs":
            await asyncio.Event().wait()
        return (harness.copy(record),)

    async with harness.running(handle):
        await write(harness.bootstrap, harness.source, [(b"a", b"hangs"), (b"a", b"fine")])
        await harness.until_committed(2)

    assert await harness.output_values() == [b"fine"]
    (letter,) = await read_all(harness.bootstrap, harness.dead_letters)
    assert letter.text("dlq-error-class") == "DeadlineExceededError"


async def test_a_result_larger_than_the_topic_takes_is_a_dead_letter(harness: Harness) -> None:
    """Sending it again and again would stop the partition."""

    async def handle(record: SourceRecord) -> Sequence[Publication]:
        big = b"x" * 3_000_000 if record.value == b"big" else record.value
        return (Publication(harness.output, record.key, big),)

    async with harness.running(handle):
        await write(harness.bootstrap, harness.source, [(b"a", b"big"), (b"a", b"small")])
        await harness.until_committed(2)

    assert await harness.output_values() == [b"small"]
    (letter,) = await read_all(harness.bootstrap, harness.dead_letters)
    assert letter.text("dlq-error-class") == "MessageSizeTooLargeError"
    assert letter.value == b"big"


async def test_the_breaker_stops_intake_instead_of_flooding_the_dead_letter_topic(harness: Harness) -> None:
    """A systemic fault costs about a window of dead letters, then one a cool-down; it closes by itself."""
    harness = harness.tuned(breaker_window=10, breaker_cool_down_seconds=0.5, max_records_in_flight=5)
    harness.faults = FAULTS
    broken = True

    async def handle(record: SourceRecord) -> Sequence[Publication]:
        if broken:
            raise PoisonError
        return (harness.copy(record),)

    async with harness.running(handle) as running:
        await write(harness.bootstrap, harness.source, _numbered(200))
        await eventually(lambda: "breaker" in (running.engine.readiness_problem() or ""), "the breaker opens")
        await asyncio.sleep(0.3)
        assert len(await read_all(harness.bootstrap, harness.dead_letters)) <= 20
        broken = False
        await harness.until_committed(200)
        assert running.engine.readiness_problem() is None


async def test_while_the_breaker_is_open_the_process_sleeps(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    """It looks now and then whether its time is over; there is room for records all the while."""
    harness = harness.tuned(breaker_in_a_row=3, breaker_cool_down_seconds=60)
    harness.faults = FAULTS
    asked, admits = 0, Breaker.admits

    def counted(breaker: Breaker, now: float, in_flight: int) -> bool:
        nonlocal asked
        asked += 1
        return admits(breaker, now, in_flight)

    async def handle(_: SourceRecord) -> Sequence[Publication]:
        raise PoisonError

    monkeypatch.setattr(Breaker, "admits", counted)
    async with harness.running(handle) as running:
        await write(harness.bootstrap, harness.source, _numbered(10))
        await eventually(lambda: "breaker" in (running.engine.readiness_problem() or ""), "the breaker opens")
        asked = 0
        await asyncio.sleep(1)

    assert asked < 20


async def test_while_it_drains_it_is_not_ready(harness: Harness) -> None:
    """So that no probe counts on it any more; alive it is."""
    arrived, finish = asyncio.Event(), asyncio.Event()

    async def handle(record: SourceRecord) -> Sequence[Publication]:
        arrived.set()
        await finish.wait()
        return (harness.copy(record),)

    async with harness.running(handle) as running:
        await write(harness.bootstrap, harness.source, _numbered(1))
        await arrived.wait()
        running.stop.set()
        await eventually(lambda: "draining" in (running.engine.readiness_problem() or ""), "it says that it drains")
        assert running.engine.liveness_problem() is None
        finish.set()
    assert await harness.output_values() == [b"0"]


async def test_an_engine_waits_for_a_topic_that_is_not_there_yet(harness: Harness) -> None:
    """It is not ready, does not create it, and stops when told to."""
    harness = harness.tuned(topic=f"{harness.source}-later")

    async def handle(_: SourceRecord) -> Sequence[Publication]:
        return ()

    async with harness.running(handle) as running:
        await asyncio.sleep(0.5)
        assert running.engine.readiness_problem() == "not a member of the consumer group"
        client = AIOKafkaConsumer(bootstrap_servers=harness.bootstrap)
        await client.start()
        assert harness.settings.topic not in await client.topics()
        await client.stop()


async def test_an_engine_waits_for_brokers_that_are_not_there(harness: Harness) -> None:
    """Nothing answers: it keeps trying, and stops when told to."""
    harness.bootstrap = "127.0.0.1:1"

    async def handle(_: SourceRecord) -> Sequence[Publication]:
        return ()

    async with harness.running(handle) as running:
        await asyncio.sleep(0.5)
        assert not running.task.done()


async def test_a_record_too_large_for_its_dead_letter_still_leaves_its_history(harness: Harness) -> None:
    """A broker measures records compressed: what it took may be larger than what a dead letter can hold."""
    harness.faults = FAULTS
    key, value = b"k" * 10_000, b"x" * 5_000_000

    async def handle(_: SourceRecord) -> Sequence[Publication]:
        raise PoisonError("too much")

    producer = AIOKafkaProducer(
        bootstrap_servers=harness.bootstrap, compression_type="gzip", max_request_size=len(value) * 2
    )
    await producer.start()
    place = await producer.send_and_wait(harness.source, value, key=key, headers=[("h", b"v")], partition=0)
    await producer.stop()
    async with harness.running(handle):
        await write(harness.bootstrap, harness.source, [(b"k", b"next")], partition=0)
        await harness.until_committed(2)

    first, second = sorted(await read_all(harness.bootstrap, harness.dead_letters), key=lambda item: item.value or b"")
    history = DeadLetter.from_headers(first.headers)
    assert history is not None
    assert (history.error_message, history.topic, history.offset) == ("too much", harness.source, place.offset)
    assert history.omitted == (
        "the value (5000000 bytes) and the headers (1), and the key beyond its first 4096 bytes (10000)"
    )
    assert (first.key, first.value) == (key[:4096], b"")
    assert second.value == b"next"


async def test_a_record_at_the_size_limit_is_a_dead_letter_byte_for_byte(harness: Harness) -> None:
    """The dead-letter topic has room for its history too, for a message of any length and 300 headers."""
    harness.faults = FAULTS
    headers = tuple((f"header-{number}", b"\xff" * 100) for number in range(300))
    room = MAX_MESSAGE_BYTES - sum(len(name) + len(value) + 3 for name, value in headers) - 100
    value = random.Random(0).randbytes(room)

    async def handle(_: SourceRecord) -> Sequence[Publication]:
        raise PoisonError("\U0001f5bc" * 5000)

    limits = {f"{harness.source}-large": MAX_MESSAGE_BYTES, f"{harness.source}-large.dlq": DEAD_LETTER_MESSAGE_BYTES}
    for name, size_bytes in limits.items():
        await make_topics(harness.bootstrap, 1, name, config={"max.message.bytes": str(size_bytes)})
    source, dead_letters = limits
    harness = harness.tuned(topic=source)
    producer = AIOKafkaProducer(bootstrap_servers=harness.bootstrap, max_request_size=2 * MAX_MESSAGE_BYTES)
    await producer.start()
    await producer.send_and_wait(source, value, key=b"k", headers=list(headers))
    with pytest.raises(MessageSizeTooLargeError):
        await producer.send_and_wait(source, value + bytes(500), key=b"k", headers=list(headers))
    await producer.stop()
    async with harness.running(handle):
        await eventually(lambda: _holds_one(harness, dead_letters), "a dead letter")

    (letter,) = await read_all(harness.bootstrap, dead_letters)
    assert (letter.key, letter.value, letter.headers[:300]) == (b"k", value, headers)
    history = DeadLetter.from_headers(letter.headers)
    assert history is not None
    assert history.omitted == ""


async def _holds_one(harness: Harness, topic: str) -> bool:
    return len(await read_all(harness.bootstrap, topic)) == 1


async def test_bytes_in_flight_are_bounded(harness: Harness) -> None:
    """Large records come in a few at a time, whatever the bound on their number."""
    limit_bytes = 2_000_000
    harness = harness.tuned(max_records_in_flight=500, max_bytes_in_flight=limit_bytes)
    in_flight = most = 0

    async def handle(record: SourceRecord) -> Sequence[Publication]:
        nonlocal in_flight, most
        in_flight += len(record.value or b"")
        most = max(most, in_flight)
        await asyncio.sleep(0.01)
        in_flight -= len(record.value or b"")
        return ()

    values = [(str(number).encode(), bytes(300_000)) for number in range(60)]
    async with harness.running(handle):
        await write(harness.bootstrap, harness.source, values)
        await harness.until_committed(60)

    assert 300_000 < most <= limit_bytes + 300_000


async def test_records_in_flight_are_bounded(harness: Harness) -> None:
    """A backlog stays on the broker."""
    harness = harness.tuned(max_records_in_flight=7)
    in_flight = most = 0

    async def handle(_: SourceRecord) -> Sequence[Publication]:
        nonlocal in_flight, most
        in_flight += 1
        most = max(most, in_flight)
        await asyncio.sleep(0.002)
        in_flight -= 1
        return ()

    await write(harness.bootstrap, harness.source, _numbered(500))
    async with harness.running(handle):
        await harness.until_committed(500)

    assert most == 7

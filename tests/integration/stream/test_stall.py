"""A consumer that goes deaf is replaced once; when that does not help, liveness fails and the log says why."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from consumer.concurrency.deadline import off_the_clock
from consumer.kafka.clients import make_consumer
from consumer.kafka.records import Publication, SourceRecord
from consumer.stream.observer import SilentObserver
from schemas import MalformedEventError
from schemas.connections import KafkaConnection
from testkit.harness import Harness
from testkit.kafka_tools import eventually, write


class Rebuilds(SilentObserver):
    """Counts them."""

    def __init__(self) -> None:
        self.count = 0

    def consumer_rebuilt(self) -> None:
        self.count += 1


class Consumers:
    """Makes real consumers, the first of them spoilt."""

    def __init__(self, harness: Harness, spoil: Any, *, spoilt: int) -> None:
        self._harness = harness
        self._spoil = spoil
        self._left = spoilt

    def __call__(self) -> AIOKafkaConsumer:
        consumer = make_consumer(KafkaConnection(bootstrap=self._harness.bootstrap), self._harness.settings)
        if self._left > 0:
            self._left -= 1
            consumer.getmany = self._spoil
        return consumer


async def deaf(*_: TopicPartition, timeout_ms: int = 0, **__: object) -> dict[TopicPartition, list[Any]]:
    """Deliver nothing, as a consumer whose fetching ended without a word."""
    await asyncio.sleep(timeout_ms / 1000)
    return {}


async def failing(*_: TopicPartition, **__: object) -> dict[TopicPartition, list[Any]]:
    """Fail at every poll, as a consumer whose coordination ended."""
    raise KafkaError("Unexpected error during coordination")


def quick(harness: Harness) -> Harness:
    return harness.tuned(stall_seconds=1.5, record_timeout_seconds=1, publish_timeout_seconds=1)


@pytest.mark.parametrize("spoil", [deaf, failing])
async def test_a_stalled_consumer_is_replaced_and_work_goes_on(harness: Harness, spoil: Any) -> None:
    """Nobody needs to do anything."""
    harness, rebuilds = quick(harness), Rebuilds()
    handled: list[bytes | None] = []

    async def handle(record: SourceRecord) -> Sequence[Publication]:
        handled.append(record.value)
        return ()

    await write(harness.bootstrap, harness.source, [(b"k", b"v")])
    running = harness.start(handle, rebuilds, Consumers(harness, spoil, spoilt=1))
    await eventually(lambda: handled == [b"v"], "the new consumer delivers")
    assert rebuilds.count == 1
    assert running.engine.liveness_problem() is None
    await running.shut_down()


async def test_a_stall_that_a_new_consumer_does_not_end_fails_liveness(
    harness: Harness, capsys: pytest.CaptureFixture[str]
) -> None:
    """The process stays to answer its probes, tells the reason, and still stops when told to."""
    harness, rebuilds = quick(harness), Rebuilds()

    async def handle(_: SourceRecord) -> Sequence[Publication]:
        return ()

    await write(harness.bootstrap, harness.source, [(b"k", b"v")])
    running = harness.start(handle, rebuilds, Consumers(harness, deaf, spoilt=9))
    await eventually(lambda: running.engine.liveness_problem() is not None, "liveness fails")

    assert rebuilds.count == 1
    problem = running.engine.liveness_problem() or ""
    assert "1 records are waiting" in problem
    assert "although its consumer was rebuilt" in problem
    assert not running.task.done()
    log = capsys.readouterr().out
    assert "consumer.stalled" in log
    assert "1 records are waiting" in log
    await running.shut_down()


async def test_work_that_hangs_again_in_a_new_consumer_fails_liveness(harness: Harness) -> None:
    """It delivers what was left undone, which helps nobody: a new process is needed, not one consumer after another."""
    harness, rebuilds = quick(harness).tuned(drain_seconds=0.2), Rebuilds()

    async def hang(_: SourceRecord) -> Sequence[Publication]:
        with off_the_clock():
            await asyncio.Event().wait()
        return ()

    await write(harness.bootstrap, harness.source, [(b"k", b"v")])
    running = harness.start(hang, rebuilds)
    await eventually(lambda: running.engine.liveness_problem() is not None, "liveness fails")

    assert rebuilds.count == 1
    await running.shut_down()


async def test_a_breaker_that_waits_for_a_record_does_not_hide_a_deaf_consumer(harness: Harness) -> None:
    """It closes when one succeeds, and none comes."""
    harness, rebuilds = quick(harness).tuned(breaker_in_a_row=3, breaker_cool_down_seconds=0.2), Rebuilds()
    handled: list[bytes | None] = []
    is_deaf, was_deaf = False, asyncio.Event()

    async def handle(record: SourceRecord) -> Sequence[Publication]:
        if record.value == b"poison":
            raise MalformedEventError
        handled.append(record.value)
        return ()

    def make() -> AIOKafkaConsumer:
        consumer = make_consumer(KafkaConnection(bootstrap=harness.bootstrap), harness.settings)
        fetch = consumer.getmany

        async def getmany(*parts: TopicPartition, **options: Any) -> dict[TopicPartition, list[Any]]:
            if is_deaf:
                was_deaf.set()
            found: dict[TopicPartition, list[Any]] = await (deaf if is_deaf else fetch)(*parts, **options)
            return found

        if not rebuilds.count:
            consumer.getmany = getmany
        return consumer

    running = harness.start(handle, rebuilds, make)
    await write(harness.bootstrap, harness.source, [(b"k", b"poison")] * 3)
    await eventually(lambda: "breaker" in (running.engine.readiness_problem() or ""), "the breaker opens")
    is_deaf = True
    # A poll that had begun before would still deliver.
    await was_deaf.wait()
    await write(harness.bootstrap, harness.source, [(b"k", b"good")])

    await eventually(lambda: handled == [b"good"], "a new consumer delivers")
    assert rebuilds.count == 1
    await running.shut_down()


async def test_a_member_that_the_group_does_not_let_in_is_a_stall(harness: Harness) -> None:
    """It owns nothing and so lags nowhere, yet it is not idle: it waits for ever."""
    harness, rebuilds = quick(harness), Rebuilds()

    class Outsider(AIOKafkaConsumer):  # type: ignore[misc]  # aiokafka is untyped
        def subscribe(self, *_: object, **__: object) -> None:
            """Never ask the group."""

        async def getmany(self, *_: object, timeout_ms: int = 0, **__: object) -> dict[TopicPartition, list[Any]]:
            return await deaf(timeout_ms=timeout_ms)

    def make() -> AIOKafkaConsumer:
        if rebuilds.count:
            return make_consumer(KafkaConnection(bootstrap=harness.bootstrap), harness.settings)
        return Outsider(bootstrap_servers=harness.bootstrap, group_id=harness.settings.group, enable_auto_commit=False)

    async def handle(_: SourceRecord) -> Sequence[Publication]:
        return ()

    async with harness.running(handle) as idle:
        await eventually(lambda: idle.engine.readiness_problem() is None, "another member is there")
        running = harness.start(handle, rebuilds, make)
        await eventually(lambda: rebuilds.count == 1, "it is replaced")
        await eventually(lambda: running.engine.readiness_problem() is None, "the new one is let in")
        await running.shut_down()


async def test_slow_work_and_an_idle_member_are_no_stall(harness: Harness) -> None:
    """A record may work for as long as its deadline, and a member without partitions has nothing to do."""
    harness, rebuilds = quick(harness).tuned(stall_seconds=1.2), Rebuilds()

    async def handle(_: SourceRecord) -> Sequence[Publication]:
        await asyncio.sleep(0.9)
        return ()

    members = [harness.start(handle, rebuilds) for _ in range(4)]
    await eventually(lambda: all(member.engine.readiness_problem() is None for member in members), "all four are ready")
    await write(harness.bootstrap, harness.source, [(b"k", str(index).encode()) for index in range(4)], partition=0)
    await harness.until_committed(4)
    await asyncio.sleep(1.5)

    assert rebuilds.count == 0
    for member in members:
        await member.shut_down()

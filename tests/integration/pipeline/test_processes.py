"""The processes under restarts, signals, and services that freeze."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter

import pytest

from devstack import Stack
from schemas import AssetTagged, decode_event
from testkit.freezing import frozen
from testkit.kafka_tools import eventually, read_all
from testkit.running import Pipeline, ServiceProcess, new_asset_id, texture

# Short, so that whatever counts against a record's deadline would end it during a freeze.
IMPATIENT = {
    "AEGIS_STREAM_RECORD_TIMEOUT_SECONDS": "2",
    "AEGIS_STREAM_MAX_UNKNOWN_ATTEMPTS": "2",
    "AEGIS_STREAM_UNKNOWN_SECONDS": "0",
}
# So that members hear of a rebalance within the second.
LIVELY = {"AEGIS_STREAM_SESSION_TIMEOUT_SECONDS": "6"}


async def _logged(service: ServiceProcess, event: str) -> None:
    await eventually(lambda: any(line["event"] == event for line in service.events()), f"{service.name}: {event}", 60)


async def _stored(pipeline: Pipeline, prefix: str, count: int) -> None:
    async def there() -> bool:
        found = await pipeline.rows("SELECT count(*) AS n FROM assets WHERE asset_id LIKE $1", f"{prefix}%")
        return bool(found[0]["n"] == count)

    await eventually(there, f"{count} rows", 60)


async def test_a_rolling_restart_of_three_taggers_delivers_nothing_twice(idle_pipeline: Pipeline) -> None:
    """One after the other is told to stop and started again, under load: what was in flight is finished first."""
    pipeline, count = idle_pipeline, 600
    objects = [pipeline.upload(texture(seed)) for seed in range(8)]
    events = [pipeline.event(new_asset_id("rolling"), objects[number % 8]) for number in range(count)]
    taggers = [pipeline.service("tagger", **LIVELY) for _ in range(3)]
    for tagger in taggers:
        tagger.start()
    for tagger in taggers:
        await _logged(tagger, "group.assigned")

    async def publish() -> None:
        for start in range(0, count, 20):
            await pipeline.publish(*events[start : start + 20])
            await asyncio.sleep(0.3)

    publishing = asyncio.create_task(publish())
    codes = []
    for index, tagger in enumerate(taggers):
        codes.append(await asyncio.to_thread(tagger.stop))
        taggers[index] = pipeline.service("tagger", **LIVELY)
        taggers[index].start()
        await _logged(taggers[index], "group.assigned")
    await publishing

    async def tagged() -> bool:
        return len(await read_all(pipeline.bootstrap, pipeline.topics.tagged)) >= count

    await eventually(tagged, "all are tagged", 60)
    codes += [tagger.stop() for tagger in taggers]
    results = [
        decode_event(AssetTagged, item.value or b"")
        for item in await read_all(pipeline.bootstrap, pipeline.topics.tagged)
    ]
    causes = Counter((item.caused_by.partition, item.caused_by.offset) for item in results)

    assert [cause for cause, times in causes.items() if times > 1] == []
    assert len(causes) == count
    assert codes == [0] * 6


async def test_a_second_sigterm_ends_the_process_at_once(idle_pipeline: Pipeline, stack: Stack) -> None:
    """Although its drain has long to go; what was in flight is delivered again."""
    pipeline = idle_pipeline
    tagger, sink = pipeline.service("tagger", **LIVELY), pipeline.service("sink")
    tagger.start()
    await _logged(tagger, "group.assigned")
    asset_id = new_asset_id("twice")
    event = pipeline.event(asset_id, pipeline.upload(texture(3)))
    with frozen(stack, "seaweedfs"):
        await pipeline.publish(event)
        await asyncio.sleep(1)
        tagger.process.send_signal(signal.SIGTERM)
        await _logged(tagger, "process.draining")
        await asyncio.sleep(0.5)
        assert tagger.process.poll() is None
        tagger.process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(tagger.process.wait, 5) == 130
    assert await read_all(pipeline.bootstrap, pipeline.topics.tagged) == []

    again = pipeline.service("tagger")
    for service in (again, sink):
        service.start()
    await _stored(pipeline, asset_id, 1)
    assert [again.stop(), sink.stop()] == [0, 0]


@pytest.mark.parametrize("name", ["postgres", "seaweedfs"])
async def test_a_service_that_freezes_makes_no_dead_letters(idle_pipeline: Pipeline, stack: Stack, name: str) -> None:
    """How long others take is no fault of the records that wait, however impatient the deadline."""
    pipeline, count = idle_pipeline, 60
    services = [pipeline.service("tagger", **IMPATIENT), pipeline.service("sink", **IMPATIENT)]
    for service in services:
        service.start()
        await _logged(service, "group.assigned")
    reference = pipeline.upload(texture(5))
    events = [pipeline.event(new_asset_id("frozen"), reference) for _ in range(count)]
    with frozen(stack, name):
        await pipeline.publish(*events)
        await asyncio.sleep(8)
    await _stored(pipeline, "test/frozen/", count)

    for topic in (pipeline.topics.extracted, pipeline.topics.tagged):
        assert await read_all(pipeline.bootstrap, f"{topic}.dlq") == []
    assert [service.stop() for service in services] == [0, 0]

"""PostgreSQL away: nothing ends, nothing is lost, and nobody has to lend a hand."""

from __future__ import annotations

from devstack import Stack
from testkit.kafka_tools import eventually
from testkit.running import Pipeline, ServiceProcess, new_asset_id, texture


def _has_logged(service: ServiceProcess, event: str) -> bool:
    return any(line["event"] == event for line in service.events())


async def test_a_sink_waits_for_a_database_that_is_away_when_it_starts(stack: Stack, pipeline: Pipeline) -> None:
    """What was tagged meanwhile is stored as soon as the database is back, by it or by its neighbour."""
    asset_id = new_asset_id()
    late = pipeline.service("sink")
    stack.stop("postgres")
    try:
        late.start()
        await pipeline.publish(pipeline.event(asset_id, pipeline.upload(texture(31))))
        await pipeline.tagged(asset_id)
        await eventually(lambda: _has_logged(late, "database.unavailable"), "the late sink says what it waits for")
        assert late.process.poll() is None
        assert "the database does not answer" in late.readiness()["database"]
    finally:
        stack.start("postgres")

    await pipeline.stored(asset_id)
    await eventually(lambda: _has_logged(late, "group.assigned"), "the late sink joins its group")
    assert late.readiness()["database"] == "ok"
    assert late.stop() == 0


async def test_a_sink_that_waits_for_the_database_stops_when_told(stack: Stack, pipeline: Pipeline) -> None:
    late = pipeline.service("sink")
    stack.stop("postgres")
    try:
        late.start()
        await eventually(lambda: _has_logged(late, "database.unavailable"), "the late sink says what it waits for")
        assert late.stop() == 0
    finally:
        stack.start("postgres")

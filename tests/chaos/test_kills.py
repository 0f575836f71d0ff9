"""kill -9 in the middle of the work: every event still ends as one tagged event id and one row."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from pathlib import Path

import pytest

from benchmarks.figures import Figure, report
from schemas import AssetTagged, decode_event
from tests.integration.conftest import stack, stack_environment
from tests.integration.kafka_tools import eventually, read_all
from tests.integration.pipeline.running import Pipeline, new_asset_id, texture

__all__ = ["stack", "stack_environment"]

EVENTS = 400
KILLS = 4


@pytest.fixture
def pipeline(stack_environment: Mapping[str, str], tmp_path: Path) -> Pipeline:
    """Topics, tables and a bucket of its own; no process yet."""
    name = f"c{uuid.uuid4().hex[:8]}"
    environment = {
        **stack_environment,
        "AEGIS_TOPIC_PREFIX": f"{name}-",
        "AEGIS_TOPIC_PARTITIONS": "4",
        "AEGIS_S3_BUCKET": name,
        "AEGIS_OPS_LOG_FORMAT": "json",
    }
    pipeline = Pipeline(environment, tmp_path)
    for command in (("topics", "apply"), ("db", "migrate")):
        done = pipeline.aegis(*command)
        assert done.returncode == 0, done.stderr
    return pipeline


@pytest.mark.chaos
async def test_killing_taggers_and_sinks_loses_nothing_and_counts_nothing_twice(pipeline: Pipeline) -> None:
    """A redelivered event gives the same event id, and the tables hold each asset once."""
    objects = [pipeline.upload(texture(seed)) for seed in range(8)]
    events = [pipeline.event(new_asset_id("chaos"), objects[number % 8]) for number in range(EVENTS)]
    services = {name: pipeline.service(name) for name in ("tagger", "sink")}
    for service in services.values():
        service.start()
    publishing = asyncio.create_task(pipeline.publish(*events))

    async def stored() -> int:
        rows = await pipeline.rows("SELECT count(*) AS n FROM assets WHERE asset_id LIKE 'test/chaos/%'")
        return int(rows[0]["n"])

    for kill in range(KILLS):
        target = EVENTS * (kill + 1) // (KILLS + 2)

        async def enough(target: int = target) -> bool:
            return await stored() >= target

        await eventually(enough, f"{target} rows", timeout_seconds=120)
        name = ("tagger", "sink")[kill % 2]
        services[name].kill()
        services[name] = pipeline.service(name)
        services[name].start()
    await publishing

    async def all_stored() -> bool:
        return await stored() == EVENTS

    await eventually(all_stored, f"{EVENTS} rows", timeout_seconds=180)
    records = await read_all(pipeline.bootstrap, pipeline.topics.tagged)
    letters = await read_all(pipeline.bootstrap, f"{pipeline.topics.extracted}.dlq")
    tagged = [decode_event(AssetTagged, record.value or b"") for record in records]
    codes = {name: service.stop() for name, service in services.items()}
    wanted, found = {event.event_id for event in events}, {event.extracted_event_id for event in tagged}
    report(
        "chaos",
        [
            Figure("kills", KILLS, "kill -9", None, "higher"),
            Figure("events_lost", len(wanted - found), "events", 0, "lower"),
            Figure(
                "event_ids_beyond_one_an_event", len({event.event_id for event in tagged}) - EVENTS, "ids", 0, "lower"
            ),
            Figure("events_redelivered", len(tagged) - EVENTS, "events", None, "lower"),
        ],
    )

    assert wanted == found
    assert len({event.event_id for event in tagged}) == EVENTS
    assert letters == []
    assert codes == {"tagger": 0, "sink": 0}

"""Extractors, and whoever removes assets, have clocks of their own: none of them keeps the truth out."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from schemas import ObjectRef, utc_now
from testkit.kafka_tools import eventually
from testkit.running import Pipeline, new_asset_id, texture

_HOUR = timedelta(hours=1)
_AHEAD = pytest.mark.parametrize("ahead", [_HOUR, timedelta(days=70 * 365)], ids=["an hour", "decades"])


@pytest.fixture(scope="module")
def textures(pipeline: Pipeline) -> tuple[ObjectRef, ObjectRef]:
    return pipeline.upload(texture(31)), pipeline.upload(texture(32))


@_AHEAD
async def test_an_extraction_ahead_of_time_keeps_no_newer_one_out(
    pipeline: Pipeline, textures: tuple[ObjectRef, ObjectRef], ahead: timedelta
) -> None:
    """It counts as of its record, is counted in a metric, and is told in the log with the record's place."""
    asset_id = new_asset_id("ahead")
    early = pipeline.event(asset_id, textures[0], occurred_at=utc_now() + ahead)
    await pipeline.publish(early)
    first = await pipeline.stored(asset_id)
    await pipeline.publish(pipeline.event(asset_id, textures[1]))

    await _shows(pipeline, asset_id, textures[1])

    (record, _) = await pipeline.records_of(pipeline.topics.extracted, asset_id)
    assert first["extracted_at"] == datetime.fromtimestamp(record.timestamp_ms / 1000, early.occurred_at.tzinfo)
    tagger = next(service for service in pipeline.services if service.name == "tagger")
    assert float(_metric(tagger.answer("/metrics"), "aegis_clock_ahead_total")) >= 1
    assert any(line["event"] == "event.clock_ahead" and line["source"] == "/test" for line in tagger.events())


@_AHEAD
async def test_a_removal_removes_what_was_extracted_ahead_of_time(
    pipeline: Pipeline, textures: tuple[ObjectRef, ObjectRef], ahead: timedelta
) -> None:
    asset_id = new_asset_id("ahead")
    await pipeline.publish(pipeline.event(asset_id, textures[0], occurred_at=utc_now() + ahead))
    await pipeline.stored(asset_id)

    await pipeline.remove(asset_id)

    await _is_gone(pipeline, asset_id)


async def test_a_removal_whose_clock_is_behind_removes(
    pipeline: Pipeline, textures: tuple[ObjectRef, ObjectRef]
) -> None:
    """What it removes lies before it on the topic, whenever that was."""
    asset_id = new_asset_id("behind")
    await pipeline.publish(pipeline.event(asset_id, textures[0]))
    await pipeline.stored(asset_id)

    await pipeline.remove(asset_id, clock_ahead=-_HOUR)

    await _is_gone(pipeline, asset_id)


@pytest.mark.parametrize(
    ("removed", "extracted"),
    [(timedelta(minutes=50), timedelta(0)), (timedelta(0), -_HOUR)],
    ids=["the removal's clock is ahead", "the extraction's clock is behind"],
)
async def test_an_asset_that_is_extracted_after_its_removal_comes_back(
    pipeline: Pipeline, textures: tuple[ObjectRef, ObjectRef], removed: timedelta, extracted: timedelta
) -> None:
    asset_id = new_asset_id("back")
    await pipeline.publish(pipeline.event(asset_id, textures[0]))
    await pipeline.stored(asset_id)
    await pipeline.remove(asset_id, clock_ahead=removed)
    await _is_gone(pipeline, asset_id)

    await pipeline.publish(pipeline.event(asset_id, textures[1], occurred_at=utc_now() + extracted))
    await _shows(pipeline, asset_id, textures[1])
    await pipeline.remove(asset_id)
    await _is_gone(pipeline, asset_id)


async def _shows(pipeline: Pipeline, asset_id: str, reference: ObjectRef) -> None:
    async def there() -> bool:
        rows = await pipeline.rows("SELECT object_key FROM assets WHERE asset_id = $1", asset_id)
        return [row["object_key"] for row in rows] == [reference.key]

    await eventually(there, f"the row of {asset_id} is of {reference.key}")


async def _is_gone(pipeline: Pipeline, asset_id: str) -> None:
    async def gone() -> bool:
        return not await pipeline.rows("SELECT FROM assets WHERE asset_id = $1", asset_id)

    await eventually(gone, f"{asset_id} is removed")


def _metric(text: str, name: str) -> str:
    return next(line.split()[1] for line in text.splitlines() if line.startswith(f"{name} "))

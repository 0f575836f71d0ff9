"""From an extracted event to a row: the main job, and what a redelivery or a removal does to it."""

from __future__ import annotations

import numpy as np

from schemas import AssetTagged, header_text, tagged_event_id
from testkit.kafka_tools import eventually
from testkit.running import Pipeline, new_asset_id, texture


async def test_an_extracted_texture_becomes_a_tagged_event_and_a_row(pipeline: Pipeline) -> None:
    """The event holds what was asked, found and measured; the row says the same."""
    asset_id = new_asset_id()
    event = pipeline.event(asset_id, pipeline.upload(texture(1)), source={"archive": "a.zip", "name": "grass"})
    await pipeline.publish(event)

    (tagged,) = await pipeline.tagged(asset_id)
    row = await pipeline.stored(asset_id)

    assert tagged.event_id == tagged_event_id(event.event_id, tagged.model.digest, tagged.taxonomy.digest)
    assert (tagged.extracted_event_id, tagged.extracted_at) == (event.event_id, event.occurred_at)
    assert (tagged.image.width, tagged.image.height, tagged.image.mode) == (64, 64, "RGB")
    assert tagged.object == event.object
    assert tagged.source == event.source
    assert tagged.caused_by.topic == pipeline.topics.extracted
    assert tagged.timings_ms.embed > 0
    assert tagged.embedding.to_array().shape == (tagged.embedding.dim,)
    assert abs(float(np.linalg.norm(tagged.embedding.to_array().astype(np.float32))) - 1) < 0.01
    assert tagged.tags
    assert row["event_id"] == tagged.event_id
    stored = await pipeline.rows("SELECT category, tag, confidence FROM asset_tags WHERE asset_id = $1", asset_id)
    assert {(item["category"], item["tag"]) for item in stored} == {(tag.category, tag.tag) for tag in tagged.tags}


async def test_tagged_events_carry_cloudevents_headers_and_go_on_with_the_trace(pipeline: Pipeline) -> None:
    """Any CloudEvents client can read them, and the trace id is the extractor's."""
    asset_id = new_asset_id()
    event = pipeline.event(asset_id, pipeline.upload(texture(2)))
    await pipeline.publish(event)
    await pipeline.tagged(asset_id)

    (source,) = await pipeline.records_of(pipeline.topics.extracted, asset_id)
    (record,) = await pipeline.records_of(pipeline.topics.tagged, asset_id)

    assert record.text("ce_specversion") == "1.0"
    assert record.text("ce_type") == AssetTagged.CE_TYPE
    assert record.text("ce_subject") == asset_id
    assert record.text("content-type") == "application/json"
    assert record.text("traceparent").split("-")[1] == source.text("traceparent").split("-")[1]
    assert (header_text(record.headers, "ce_id") or "") in (record.value or b"").decode()


async def test_an_event_with_only_what_it_must_have_is_tagged(pipeline: Pipeline) -> None:
    """An extractor in another language joins with few lines; the tagger finds out the rest."""
    asset_id = new_asset_id()
    whole = pipeline.upload(texture(3))
    event = pipeline.event(asset_id, whole.model_copy(update={"size": None, "sha256": None}))
    await pipeline.publish(event)

    (tagged,) = await pipeline.tagged(asset_id)

    assert (tagged.object.size, tagged.object.sha256) == (whole.size, whole.sha256)


async def test_a_duplicate_delivery_gives_the_same_event_id_and_one_row(pipeline: Pipeline) -> None:
    """At least once on the topic, exactly once in the table."""
    asset_id = new_asset_id()
    event = pipeline.event(asset_id, pipeline.upload(texture(4)))
    await pipeline.publish(event, event)

    first, second = await pipeline.tagged(asset_id, count=2)

    assert first.event_id == second.event_id
    await pipeline.stored(asset_id)
    assert len(await pipeline.rows("SELECT 1 FROM assets WHERE asset_id = $1", asset_id)) == 1
    stored = await pipeline.rows("SELECT category, tag FROM asset_tags WHERE asset_id = $1", asset_id)
    assert len(stored) == len(set(stored)) == len(first.tags)


async def test_the_newest_extraction_wins_whatever_order_they_arrive_in(pipeline: Pipeline) -> None:
    """An old event that is replayed later does not overwrite a newer one."""
    asset_id = new_asset_id()
    older = pipeline.event(asset_id, pipeline.upload(texture(5)), occurred_at="2026-01-01T00:00:00Z")
    newer = pipeline.event(asset_id, pipeline.upload(texture(6)), occurred_at="2026-02-01T00:00:00Z")
    await pipeline.publish(newer, older)
    await pipeline.tagged(asset_id, count=2)
    marker = new_asset_id()
    await pipeline.publish(pipeline.event(marker, newer.object))
    await pipeline.stored(marker)

    async def newest_is_stored() -> bool:
        return bool((await pipeline.stored(asset_id))["extracted_at"] == newer.occurred_at)

    await eventually(newest_is_stored, "the newer extraction is the stored one")


async def test_a_tombstone_removes_the_asset_everywhere(pipeline: Pipeline) -> None:
    """The tagger passes it on, the sink deletes the rows."""
    asset_id = new_asset_id()
    await pipeline.publish(pipeline.event(asset_id, pipeline.upload(texture(7))))
    await pipeline.stored(asset_id)

    await pipeline.publish_raw(asset_id.encode(), None)

    async def gone() -> bool:
        return not await pipeline.rows("SELECT 1 FROM assets WHERE asset_id = $1", asset_id)

    await eventually(gone, "the rows are deleted")
    assert (await pipeline.records_of(pipeline.topics.tagged, asset_id))[-1].value is None
    assert await pipeline.rows("SELECT 1 FROM asset_tags WHERE asset_id = $1", asset_id) == []

"""The gateway as it is deployed: its own process, real Kafka, S3 and PostgreSQL."""

from __future__ import annotations

import asyncio
import signal
from urllib.parse import quote

import pytest

from consumer.storage.postgres.database import connect
from devstack import Stack
from schemas import AssetExtracted, Word, decode_event, tagged_event_id
from schemas.connections import DatabaseConnection
from schemas.objects import sha256_hex
from testkit.kafka_tools import eventually
from testkit.running import Pipeline, new_asset_id
from testkit.saying import say
from tests.integration.gateway.conftest import gateway_process
from tests.unit.gateway.serving import Client, picture


async def test_what_it_tags_is_an_asset_like_any_other(corner: Pipeline, publishing: Client) -> None:
    """Its object, its extracted event and its tagged event are there when the client has its answer."""
    asset_id, data = new_asset_id("gateway"), picture(1)

    answer = await publishing.tag(data, asset_id=asset_id, confidence_threshold=0.0)

    (record,) = await corner.records_of(corner.topics.extracted, asset_id)
    (tagged,) = await corner.tagged(asset_id)
    extracted = decode_event(AssetExtracted, record.value or b"")
    assert answer.status == 200
    assert extracted.object.sha256 == sha256_hex(data)
    assert corner.stored_object(extracted.object.key) == data
    assert tagged.event_id == tagged_event_id(extracted.event_id, tagged.model.digest, tagged.taxonomy.digest)
    assert (tagged.caused_by.partition, tagged.caused_by.offset) == (record.partition, record.offset)
    given = {(tag["category"], tag["tag"]): tag["confidence"] for tag in answer.json["tags"]}
    assert {(tag.category, tag.tag): tag.confidence for tag in tagged.tags}.items() <= given.items()


async def test_the_tagger_group_gives_the_same_event_id_for_it(corner: Pipeline, publishing: Client) -> None:
    """So nothing is counted twice, although both tag it."""
    asset_id = new_asset_id("gateway")
    await publishing.tag(picture(2), asset_id=asset_id)
    tagger = corner.service("tagger")
    tagger.start()
    try:
        by_gateway, by_tagger = await corner.tagged(asset_id, count=2)
    finally:
        tagger.stop()
    assert by_gateway.event_id == by_tagger.event_id
    assert [tag.tag for tag in by_gateway.tags] == [tag.tag for tag in by_tagger.tags]


async def test_stored_tags_are_read_and_found_and_people_win(corner: Pipeline, publishing: Client) -> None:
    asset_id = new_asset_id("gateway with spaces/and #odd?\nand lines")
    await publishing.tag(picture(3), asset_id=asset_id)
    sink = corner.service("sink")
    sink.start()
    try:
        await corner.stored(asset_id)
    finally:
        sink.stop()
    session = await connect(_database(corner))
    await say(session, asset_id, "object_types", "teapot", Word.ADDED, decided_by="anna")
    await session.close()

    read = await publishing.call("GET", f"/api/v1/assets/{quote(asset_id)}/tags")
    escaped = await publishing.call("GET", f"/api/v1/assets/{quote(asset_id, safe='')}/tags")
    found = await publishing.call("GET", "/api/v1/search?tag=teapot&min_confidence=0.9&limit=1")
    beyond = await publishing.call("GET", f"/api/v1/search?tag=teapot&after={quote(found.json['next'])}")

    assert (read.status, read.json["asset_id"]) == (200, asset_id)
    assert escaped.json == read.json
    assert ("teapot", "human", "added") in [(tag["tag"], tag["source"], tag["verdict"]) for tag in read.json["tags"]]
    assert [asset["asset_id"] for asset in found.json["assets"]] == [asset_id]
    assert beyond.json == {"assets": [], "notes": ["no tag teapot"], "next": None}
    assert (await publishing.call("GET", "/api/v1/assets/never/seen/tags")).status == 404


@pytest.mark.parametrize(
    "query",
    ["", "limit=5", "tag=a&limit=0", "tag=a&min_confidence=2", "tag=a&after=nonsense", "text=%00", "tag=a&limit=x"],
)
async def test_a_search_at_fault_is_a_422(publishing: Client, query: str) -> None:
    answer = await publishing.call("GET", f"/api/v1/search?{query}")
    assert (answer.status, answer.json["status"]) == (422, "error")


async def test_when_stopped_it_finishes_what_is_being_answered_and_exits_0(corner: Pipeline) -> None:
    with gateway_process(corner) as (service, client):
        # No more than there are threads for them: who comes when the process is gone finds no one.
        answers = [asyncio.create_task(client.tag(picture(seed, size=512))) for seed in range(5)]
        await asyncio.sleep(0.15)
        service.process.send_signal(signal.SIGTERM)
        statuses = {(await answer).status for answer in answers}
        code = await asyncio.to_thread(service.process.wait, 30)
    assert code == 0
    assert statuses <= {200, 503}
    assert 200 in statuses


async def test_an_outage_of_kafka_is_a_503_and_not_a_silent_loss(corner: Pipeline) -> None:
    """The client knows that it must send the image again; a gateway that does not publish would not care."""
    nowhere = {"AEGIS_KAFKA_BOOTSTRAP": "127.0.0.1:9", "AEGIS_GATEWAY_PUBLISH_SECONDS": "0.5"}
    with gateway_process(corner, AEGIS_GATEWAY_PUBLISH="true", **nowhere) as (_, client):
        answer = await client.tag(picture(4))
    assert answer.status == 503
    assert answer.headers["retry-after"]
    assert "not published" in answer.json["error_message"]


async def test_while_what_it_publishes_is_not_taken_it_is_not_ready(corner: Pipeline, kafka: Stack) -> None:
    """Readiness looks where the work writes, and tells which topic; a gateway that does not publish need not care."""
    writing = f"writing {corner.topics.extracted}"
    with gateway_process(corner, AEGIS_GATEWAY_PUBLISH="true") as (service, client):
        await eventually(lambda: set(service.readiness().values()) == {"ok"}, "it is ready")
        assert {writing, f"writing {corner.topics.tagged}", "object store"} <= service.readiness().keys()
        with gateway_process(corner) as (silent, _):
            kafka.stop("kafka")
            await eventually(lambda: service.readiness()[writing] != "ok", "readiness tells of Kafka")
            assert set(silent.readiness().values()) == {"ok"}
        health = await client.call("GET", "/health")
        assert (health.status, health.json["status"]) == (503, "unhealthy")
        assert service.answer("/livez")
        kafka.start("kafka")
        await eventually(lambda: set(service.readiness().values()) == {"ok"}, "it is ready again")
        assert (await client.tag(picture(6))).status == 200


async def test_a_database_that_is_away_costs_the_searches_alone(corner: Pipeline) -> None:
    with gateway_process(corner, AEGIS_PG_DSN="postgresql://nobody@127.0.0.1:9/nothing") as (_, client):
        assert (await client.tag(picture(5))).status == 200
        assert (await client.call("GET", "/api/v1/search?tag=a")).status == 503


async def test_tables_of_another_version_and_a_missing_key_are_refused_at_start(corner: Pipeline) -> None:
    for environment, named in (
        ({"AEGIS_PG_SCHEMA": "no_such_schema"}, "aegis db migrate"),
        ({"AEGIS_GATEWAY_HOST": "0.0.0.0"}, "AEGIS_GATEWAY_API_KEY"),
    ):
        service = corner.service("gateway", **environment)
        service.start()
        await eventually(lambda service=service: service.process.poll() is not None, "it ends")  # type: ignore[misc]
        assert service.process.returncode == 2
        assert named in service.log_path.read_text()


def _database(corner: Pipeline) -> DatabaseConnection:
    environment = corner.environment
    return DatabaseConnection(dsn=environment["AEGIS_PG_DSN"], AEGIS_PG_SCHEMA=environment["AEGIS_PG_SCHEMA"])

"""PostgreSQL dropped, and had again from Kafka alone: tags, removals, embeddings, and every word of people."""

from __future__ import annotations

from typing import Any

from schemas import Word
from testkit.kafka_tools import eventually
from testkit.running import Pipeline
from tests.integration.gateway.conftest import gateway_process
from tests.integration.reviewing.conftest import publish_tagged, reviewed, say

ASSETS = [f"game/{number}" for number in range(30)]
TABLES = {
    "assets": "asset_id, event_id, extracted_at, tagged_at, object_key, source_partition, source_offset",
    "asset_tags": "asset_id, category, tag, source, confidence, verdict, settles, decided_by, decided_at",
    "verdicts": "*",
    "removed_assets": "asset_id, removed_at",
    "embeddings": "sha256, model_digest, embedding::text",
    "current_tags": "asset_id, category, tag, confidence, source, verdict",
}


async def _content(corner: Pipeline) -> dict[str, list[Any]]:
    return {
        table: sorted(map(tuple, await corner.rows(f"SELECT {columns} FROM {table}")), key=repr)  # noqa: S608 - ours
        for table, columns in TABLES.items()
    }


async def test_tables_that_were_dropped_are_rebuilt_from_kafka_with_the_verdicts(own_corner: Pipeline) -> None:
    sink = own_corner.service("sink")
    sink.start()
    await publish_tagged(own_corner, *ASSETS)
    with gateway_process(own_corner) as (_, gateway):
        for number, asset_id in enumerate(ASSETS[:20]):
            words = [Word.CONFIRMED, Word.REJECTED, Word.WITHDRAWN][: 1 + number % 3]
            for word in words:
                answer = await say(gateway, {"asset_id": asset_id, "tag": "weapon", "word": word.value})
                assert answer.status == 200, answer.text
        await say(gateway, {"asset_id": ASSETS[0], "tag": "vehicle", "word": "added"}, by="berta")
    await own_corner.publish_raw(ASSETS[29].encode(), None, own_corner.topics.tagged)
    await own_corner.publish_raw(b"poison", b"{", own_corner.topics.tagged)

    async def removed() -> bool:
        return not await own_corner.rows("SELECT FROM assets WHERE asset_id = $1", ASSETS[29])

    await eventually(removed, "the removal is stored")
    await eventually(lambda: _moved(own_corner), "the embeddings have their places")
    assert sink.stop() == 0
    before = await _content(own_corner)
    assert len(before["verdicts"]) == 1 + sum(1 + number % 3 for number in range(20))

    told = own_corner.aegis("rebuild", "--drop", "--yes")

    assert told.returncode == 0, told.stderr
    assert f"read 30 tagged events, 1 removals and {len(before['verdicts'])} verdicts" in told.stdout
    assert "1 records hold no event" in told.stderr
    assert await _content(own_corner) == before

    again = own_corner.aegis("rebuild")
    assert again.returncode == 0, again.stderr
    assert await _content(own_corner) == before


async def _moved(corner: Pipeline) -> bool:
    return not await corner.rows("SELECT FROM embeddings_incoming")


async def test_verdicts_of_before_they_were_events_are_published_once_and_then_survive_a_drop(
    own_corner: Pipeline,
) -> None:
    """Tables with words that nothing else holds are not dropped before."""
    sink = own_corner.service("sink")
    sink.start()
    await publish_tagged(own_corner, *ASSETS[:2])
    await own_corner.rows(
        "INSERT INTO verdicts SELECT gen_random_uuid(), asset_id, 'object_types', 'weapon', 'confirmed', false, "
        "'anna', '2026-01-01T00:00:00Z' FROM assets"
    )
    refused = own_corner.aegis("rebuild", "--drop", "--yes")
    assert (refused.returncode, "run: aegis db publish-verdicts" in refused.stderr) == (1, True)

    first = own_corner.aegis("db", "publish-verdicts")
    assert (first.returncode, "published 2 verdicts" in first.stdout) == (0, True), first.stderr

    async def noted() -> bool:
        return not await own_corner.rows("SELECT FROM verdicts WHERE source_offset IS NULL")

    await eventually(noted, "the sink has noted that they are published")
    second = own_corner.aegis("db", "publish-verdicts")
    assert (second.returncode, "nothing to do" in second.stdout) == (0, True), second.stderr
    assert len(await reviewed(own_corner)) == 2
    assert all(event.verdict.settles and event.by == "anna" for event in await reviewed(own_corner))
    assert sink.stop() == 0
    before = await _content(own_corner)

    assert own_corner.aegis("rebuild", "--drop", "--yes").returncode == 0
    assert (await _content(own_corner))["asset_tags"] == before["asset_tags"]

"""What a person says over HTTP: saved as an event before the answer, stored by the sink, and told again."""

from __future__ import annotations

import uuid
from urllib.parse import quote

import pytest

from testkit.kafka_tools import read_all
from testkit.running import Pipeline, ServiceProcess, new_asset_id
from tests.integration.gateway.conftest import gateway_process
from tests.integration.reviewing.conftest import publish_tagged, reviewed, say
from tests.unit.gateway.serving import Client

pytestmark = pytest.mark.usefixtures("sink")


async def _tags(gateway: Client, asset_id: str) -> dict[str, str | None]:
    answer = await gateway.call("GET", f"/api/v1/assets/{quote(asset_id, safe='')}/tags")
    assert answer.status == 200, answer.text
    return {tag["tag"]: tag["verdict"] for tag in answer.json["tags"]}


async def test_a_word_is_an_event_with_the_tags_after_it_and_then_a_row(corner: Pipeline, gateway: Client) -> None:
    asset_id = new_asset_id("said")
    await publish_tagged(corner, asset_id)

    answer = await say(gateway, {"asset_id": asset_id, "tag": "weapon", "word": "confirmed"})

    (event,) = await reviewed(corner, asset_id)
    (saved,) = answer.json["verdicts"]
    assert (answer.status, answer.json["stored"], saved["replaced"]) == (200, True, None)
    assert saved["event_id"] == str(event.event_id)
    assert (event.by, event.verdict.category, event.verdict.settles) == ("anna", "object_types", True)
    assert {tag.tag: tag.verdict for tag in event.tags} == {"weapon": "confirmed", "metal": None}
    assert {tag["tag"]: tag["verdict"] for tag in saved["tags"]} == {"weapon": "confirmed", "metal": None}
    assert await _tags(gateway, asset_id) == {"weapon": "confirmed", "metal": None}


async def test_its_record_says_of_what_kind_it_is(corner: Pipeline, gateway: Client) -> None:
    asset_id = new_asset_id("headers")
    await publish_tagged(corner, asset_id)
    await say(gateway, {"asset_id": asset_id, "tag": "metal", "word": "rejected"})

    (record,) = [
        item for item in await read_all(corner.bootstrap, corner.topics.reviewed) if item.key == asset_id.encode()
    ]

    assert record.text("ce_type") == "aegis.asset.reviewed.v1"
    assert record.text("ce_source") == "/aegis/gateway"
    assert record.text("ce_subject") == asset_id


async def test_words_of_one_request_and_of_the_next_see_each_other_before_the_sink_does(
    corner: Pipeline, gateway: Client
) -> None:
    asset_id = new_asset_id("quick")
    await publish_tagged(corner, asset_id)

    first = await say(
        gateway,
        {"asset_id": asset_id, "tag": "metal", "word": "rejected"},
        {"asset_id": asset_id, "tag": "weapon", "word": "confirmed"},
        wait_seconds=0,
    )
    second = await say(gateway, {"asset_id": asset_id, "tag": "metal", "word": "withdrawn"}, wait_seconds=0)

    assert {tag["tag"] for tag in first.json["verdicts"][1]["tags"]} == {"weapon"}
    (undone,) = second.json["verdicts"]
    assert undone["replaced"] == "rejected"
    assert {tag["tag"] for tag in undone["tags"]} == {"weapon", "metal"}


async def test_a_request_that_is_sent_again_counts_once(corner: Pipeline, gateway: Client) -> None:
    asset_id = new_asset_id("again")
    await publish_tagged(corner, asset_id)
    word = {"asset_id": asset_id, "tag": "weapon", "word": "confirmed", "event_id": str(uuid.uuid4())}

    for _ in range(2):
        assert (await say(gateway, word)).status == 200

    history = await gateway.call("GET", f"/api/v1/assets/{quote(asset_id, safe='')}/verdicts")
    assert [entry["event_id"] for entry in history.json["verdicts"]] == [word["event_id"]]


async def test_who_said_what_and_when_is_told_page_by_page(corner: Pipeline, gateway: Client) -> None:
    assets = [new_asset_id("history") for _ in range(5)]
    await publish_tagged(corner, *assets)
    by = f"berta-{uuid.uuid4().hex}"
    await say(gateway, *({"asset_id": asset_id, "tag": "weapon", "word": "rejected"} for asset_id in assets), by=by)

    seen, after = [], ""
    for _ in range(3):
        page = (await gateway.call("GET", f"/api/v1/verdicts?by={by}&limit=2{after}")).json
        seen += [(entry["asset_id"], entry["word"], entry["by"]) for entry in page["verdicts"]]
        after = f"&after={quote(page['next'])}" if page["next"] else ""

    assert sorted(seen) == sorted((asset_id, "rejected", by) for asset_id in assets)
    assert after == ""


@pytest.mark.parametrize(
    ("word", "status", "sentence"),
    [
        ({"tag": "weapn", "word": "added"}, 422, 'did you mean weapon?; to use a tag of your own, send "new": true'),
        ({"tag": "weapon", "word": "withdrawn"}, 422, "nobody has said anything of weapon"),
        ({"tag": "weapon", "word": "liked"}, 422, "verdicts.1.word"),
        ({"tag": "weapon", "word": "confirmed", "asset_id": "never/seen"}, 404, "no asset 'never/seen' is stored"),
    ],
    ids=["unknown tag", "nothing to withdraw", "no word", "no asset"],
)
async def test_what_cannot_be_said_is_told_and_nothing_of_the_request_is_saved(
    corner: Pipeline, gateway: Client, word: dict[str, str], status: int, sentence: str
) -> None:
    asset_id = new_asset_id("bad")
    await publish_tagged(corner, asset_id)

    answer = await say(
        gateway, {"asset_id": asset_id, "tag": "metal", "word": "confirmed"}, {"asset_id": asset_id, **word}
    )

    assert (answer.status, answer.json["status"]) == (status, "error")
    assert sentence in answer.json["error_message"]
    assert await reviewed(corner, asset_id) == []


async def test_a_tag_of_ones_own_is_saved_where_it_is_said_to_be_new(corner: Pipeline, gateway: Client) -> None:
    asset_id = new_asset_id("new")
    await publish_tagged(corner, asset_id)

    own = {"asset_id": asset_id, "tag": "excalibur", "word": "added", "category": "object_types", "new": True}
    assert (await say(gateway, own)).status == 200

    assert (await _tags(gateway, asset_id))["excalibur"] == "added"


async def test_a_gateway_without_kafka_takes_no_words(corner: Pipeline, sink: ServiceProcess) -> None:
    with gateway_process(corner, AEGIS_KAFKA_BOOTSTRAP="") as (_, client):
        answer = await say(client, {"asset_id": "a", "tag": "weapon", "word": "confirmed"})

    assert answer.status == 501
    assert "set AEGIS_PG_DSN and AEGIS_KAFKA_BOOTSTRAP" in answer.json["error_message"]


async def test_what_is_no_word_on_the_topic_becomes_a_dead_letter(corner: Pipeline) -> None:
    asset_id = new_asset_id("letters")
    await corner.publish_raw(asset_id.encode(), None, corner.topics.reviewed)

    letter = await corner.dead_letter(asset_id, corner.topics.reviewed)

    assert letter.text("dlq-error-stage") == "decode-event"
    assert "a null value is no word of a person" in letter.text("dlq-error-message")

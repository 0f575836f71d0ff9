"""`aegis extract --ai-tagging` from a file to the object in the store and the event in Kafka."""

from __future__ import annotations

import json
import re
from datetime import datetime
from uuid import UUID

from schemas import AssetExtracted, decode_event
from schemas.objects import object_key
from testkit.kafka_tools import Written
from tests.integration.producer.outside import Outside
from tests.unit.producer.commands import Aegis
from tests.unit.producer.making import SAMPLES, png, zip_of

_TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]")


async def test_every_texture_has_its_object_and_its_event(aegis: Aegis, outside: Outside) -> None:
    """Keys, headers and fields as the contract says, and the object's bytes are the file's."""
    done = aegis.run("extract", SAMPLES / "archives", "--output", "out", "--ai-tagging", "--game", "demo", "--json")

    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert (document["extracted"], document["published"], document["spooled"]) == (15, 15, 0)
    assert (done.stderr, document["outage"]) == ("", None)
    assert not aegis.spool.exists()

    textures = {texture["asset_id"]: texture for texture in document["textures"]}
    records = await outside.records()
    assert sorted(textures) == sorted((record.key or b"").decode() for record in records)
    for record in records:
        event = decode_event(AssetExtracted, record.value or b"")
        texture = textures[event.asset_id]
        _check_headers(record, event)
        assert event.event_id == UUID(texture["event_id"])
        assert event.object.bucket == outside.bucket
        assert event.object.key == object_key(texture["sha256"], "png")
        assert (event.object.size, event.object.sha256) == (texture["size"], texture["sha256"])
        assert event.object.content_type == "image/png"
        assert outside.digest(event.object.key) == texture["sha256"]
        assert event.image is not None
        assert (event.image.width, event.image.height) == (texture["width"], texture["height"])
        assert event.source is not None
        assert event.source.model_dump(include={"archive", "container_path", "name", "type", "engine", "game"}) == {
            **{name: texture[name] for name in ("archive", "container_path", "name", "type", "engine")},
            "game": "demo",
        }
        assert event.extraction is not None
        assert event.extraction.run_id == document["run_id"]
        assert event.extraction.tool is not None
        assert event.extraction.tool.startswith("aegis-tagger")


def _check_headers(record: Written, event: AssetExtracted) -> None:
    assert [name for name, _ in record.headers] == [
        "ce_specversion",
        "ce_id",
        "ce_type",
        "ce_source",
        "ce_time",
        "ce_subject",
        "content-type",
        "traceparent",
    ]
    assert record.text("ce_specversion") == "1.0"
    assert record.text("ce_id") == str(event.event_id)
    assert record.text("ce_type") == "aegis.asset.extracted.v1"
    assert record.text("ce_source") == "/aegis/extractor"
    assert datetime.fromisoformat(record.text("ce_time")) == event.occurred_at
    assert record.text("ce_subject") == event.asset_id
    assert record.text("content-type") == "application/json"
    assert _TRACEPARENT.fullmatch(record.text("traceparent"))


async def test_same_content_is_uploaded_once(aegis: Aegis, outside: Outside) -> None:
    """Equal textures share one object, each with its own event; a second extraction uploads nothing."""
    members = [("a.png", png(1)), ("copy/of/a.png", png(1)), ("b.png", png(2))]
    zip_of(aegis.folder / "twins.zip", members)

    first = aegis.run("extract", "twins.zip", "--output", "out", "--ai-tagging")
    uploaded = outside.objects()
    again = aegis.run("extract", "twins.zip", "--output", "out", "--ai-tagging")

    assert (first.returncode, again.returncode) == (0, 0), first.stderr + again.stderr
    assert len(uploaded) == 2
    assert outside.objects() == uploaded
    events = await outside.events()
    assert len({event.event_id for event in events}) == 6
    assert {event.asset_id for event in events} == {f"twins.zip/{name}" for name, _ in members}


async def test_nobody_tags_and_waiting_ends(aegis: Aegis, outside: Outside) -> None:
    """The exit code says that tags are missing; tags.json holds what is known, and the events are out."""
    zip_of(aegis.folder / "a.zip", [("a.png", png())])

    done = aegis.run("extract", "a.zip", "-o", "out", "--ai-tagging", "--wait", "--wait-timeout", "0.5")

    assert done.returncode == 1
    assert "1 of 1 published textures were not tagged within 0.5 s" in done.stderr
    document = json.loads((aegis.folder / "out" / "tags.json").read_text())
    assert [(item["asset_id"], "tags" in item) for item in document["textures"]] == [("a.zip/a.png", False)]
    assert len(await outside.events()) == 1

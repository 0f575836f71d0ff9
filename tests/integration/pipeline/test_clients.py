"""The clients of docs/clients run as they are written, against a real broker, store and tagger."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from consumer.kafka.clients import make_producer
from schemas import AssetExtracted, AssetRelated, AssetReviewed, Word, decode_event, encode_event
from schemas.connections import KafkaConnection
from schemas.documents.examples import related_full, reviewed_full
from testkit.kafka_tools import eventually
from testkit.running import Pipeline, new_asset_id, texture
from tests.integration import clients
from tests.integration.clients import CLIENTS, lines_of
from tests.unit.storage.samples import tagged_event

Build = Callable[[], list[str]]

SUBSCRIBERS: dict[str, Build] = {
    "python": lambda: [sys.executable, str(CLIENTS / "python" / "subscriber.py")],
    "go": lambda: clients.go(CLIENTS / "go"),
    "javascript": lambda: clients.node(CLIENTS / "javascript", "subscriber.mjs"),
    "rust": lambda: clients.rust(CLIENTS / "rust", "subscriber"),
    "shell": lambda: clients.shell(CLIENTS / "shell" / "subscriber.sh", "kcat", "jq"),
}
SAME_AGAIN: dict[str, Build] = {
    "python": lambda: [sys.executable, str(CLIENTS / "python" / "same_again.py")],
    "go": lambda: clients.go(CLIENTS / "go", "sameagain"),
    "javascript": lambda: clients.node(CLIENTS / "javascript", "same_again.mjs"),
    "rust": lambda: clients.rust(CLIENTS / "rust", "same_again"),
    "shell": lambda: clients.shell(CLIENTS / "shell" / "same_again.sh", "kcat", "jq"),
}
EXTRACTORS: dict[str, Build] = {
    "rust": lambda: clients.rust(CLIENTS / "rust", "extractor"),
    "shell": lambda: clients.shell(CLIENTS / "shell" / "extractor.sh", "curl", "jq", "kcat"),
}
built_in_time = pytest.mark.timeout(2 * clients.BUILD_SECONDS)


@built_in_time
@pytest.mark.parametrize("language", SUBSCRIBERS)
async def test_a_subscriber_prints_what_has_the_tag_and_what_was_removed(
    idle_pipeline: Pipeline, language: str
) -> None:
    """What is there when it starts, and what comes later; compressed as the tagger compresses it."""
    command = await asyncio.to_thread(SUBSCRIBERS[language])
    here = [tagged_event(asset_id="demo/armed"), tagged_event(asset_id="demo/plain", tags=[])]
    await _write(idle_pipeline, *((event.asset_id, encode_event(event)) for event in here), ("demo/gone", None))

    with lines_of([*command, "weapon"], {**idle_pipeline.environment, "GROUP": f"g-{language}"}) as lines:
        await eventually(lambda: len(lines) >= 2, f"what is there, told by {language}", 60)
        later = tagged_event(asset_id="demo/later")
        await _write(idle_pipeline, (later.asset_id, encode_event(later)))
        await eventually(lambda: len(lines) >= 3, f"what comes, told by {language}", 60)
        assert sorted(lines[:2]) == ["demo/armed 0.9", "demo/gone removed"]
        assert lines[2:] == ["demo/later 0.9"]
        said = AssetReviewed.model_validate(reviewed_full())
        for tag, word in (("vehicle", Word.CONFIRMED), ("weapon", Word.REJECTED)):
            verdict = said.verdict.model_copy(update={"tag": tag, "word": word})
            value = encode_event(said.model_copy(update={"verdict": verdict, "asset_id": "demo/armed"}))
            await _write(idle_pipeline, ("demo/armed", value), topic=idle_pipeline.topics.reviewed)
        await eventually(lambda: len(lines) >= 4, f"what a person says, told by {language}", 60)

    assert lines[3:] == ["demo/armed rejected by anna"]


@built_in_time
@pytest.mark.parametrize("language", SAME_AGAIN)
async def test_what_is_the_same_again_is_printed_from_the_one_to_the_other(
    idle_pipeline: Pipeline, language: str
) -> None:
    """Of whichever of the two it is said; an asset that is like nothing prints nothing."""
    command = await asyncio.to_thread(SAME_AGAIN[language])
    told = AssetRelated.model_validate(related_full())
    half = told.related[0].model_copy(update={"asset_id": "demo/whole", "relation": "mip-of", "said_of": "this"})
    events = {
        "demo/half": told.model_copy(update={"asset_id": "demo/half", "related": (half,)}),
        "demo/alone": told.model_copy(update={"asset_id": "demo/alone", "related": ()}),
        "demo/old": told.model_copy(
            update={"asset_id": "demo/old", "related": (half.model_copy(update={"said_of": "other"}),)}
        ),
    }
    records = [(asset_id, encode_event(event)) for asset_id, event in events.items()]

    with lines_of(command, {**idle_pipeline.environment, "GROUP": f"again-{language}"}) as lines:
        await _write(idle_pipeline, *records, ("demo/gone", None), topic=idle_pipeline.topics.related)
        await eventually(lambda: len(lines) >= 3, f"what is told by {language}", 60)

    assert sorted(lines) == ["demo/gone removed", "demo/half mip-of demo/whole", "demo/whole mip-of demo/old"]


async def _write(pipeline: Pipeline, *records: tuple[str, bytes | None], topic: str | None = None) -> None:
    producer = make_producer(KafkaConnection(bootstrap=pipeline.bootstrap), "test")
    await producer.start()
    try:
        for asset_id, value in records:
            await producer.send_and_wait(topic or pipeline.topics.tagged, value, key=asset_id.encode())
    finally:
        await producer.stop()


@built_in_time
@pytest.mark.parametrize("language", EXTRACTORS)
async def test_an_extractor_hands_a_texture_to_the_taggers(pipeline: Pipeline, language: str, tmp_path: Path) -> None:
    """Under its digest, and into the partition where other clients' events of the same asset lie."""
    command = await asyncio.to_thread(EXTRACTORS[language])
    path = tmp_path / "hero.png"
    path.write_bytes(texture(17))
    known = pipeline.upload(texture(17))
    # Keys of each length modulo four, and beyond ASCII.
    asset_ids = [f"{new_asset_id(language)}{suffix}" for suffix in ("", "é", "xyz", "12")]

    for asset_id in asset_ids:
        done = await asyncio.to_thread(_extract, command, path, asset_id, pipeline)
        assert done.returncode == 0, done.stderr

    for asset_id in asset_ids:
        (tagged,) = await pipeline.tagged(asset_id)
        assert tagged.object.sha256 == known.sha256
        assert tagged.object.key == known.key
        (record,) = await pipeline.records_of(pipeline.topics.extracted, asset_id)
        event = decode_event(AssetExtracted, record.value or b"")
        assert record.text("ce_id") == str(event.event_id)
        await pipeline.publish(pipeline.event(asset_id, known))
        places = {one.partition for one in await pipeline.records_of(pipeline.topics.extracted, asset_id)}
        assert places == {record.partition}


def _extract(command: list[str], path: Path, asset_id: str, pipeline: Pipeline) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*command, str(path), asset_id],
        env={**os.environ, **pipeline.environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

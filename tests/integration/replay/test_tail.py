"""`aegis tail` on real Kafka: what it shows, and that it ends when told."""

from __future__ import annotations

import json
import signal
import subprocess

from schemas import AssetRelated, AssetReviewed, AssetTagged, Tag, Word, encode_event
from schemas.documents.examples import related_full, related_nothing_found, reviewed_full, tagged_full
from testkit.running import Pipeline
from tests.integration.replay.test_replay_kills import started


def _event(asset_id: str, tag: str, confidence: float) -> AssetTagged:
    tags = (Tag(tag=tag, category="object_types", confidence=confidence, source_model="aegis-mini"),)
    return AssetTagged.model_validate(tagged_full()).model_copy(update={"asset_id": asset_id, "tags": tags})


async def _publish(corner: Pipeline, *events: AssetTagged) -> None:
    for event in events:
        await corner.publish_raw(event.asset_id.encode(), encode_event(event), topic=corner.topics.tagged)


def _next_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


async def test_it_shows_what_comes_and_not_what_was(corner: Pipeline) -> None:
    await _publish(corner, _event("before", "weapon", 0.9))
    with started(corner, "tail") as tail:
        assert "following" in _next_line(tail)
        await _publish(corner, _event("after\x1b[31m", "weapon", 0.91))
        await corner.publish_raw(b"noise", b"{", topic=corner.topics.tagged)
        line = _next_line(tail)
        assert "after\N{REPLACEMENT CHARACTER}" in line
        assert "weapon·0.91" in line
        await corner.publish_raw(b"gone", None, topic=corner.topics.tagged)
        assert "gone" in _next_line(tail)

        tail.send_signal(signal.SIGINT)
        assert tail.wait(30) == 0


async def test_filtered_as_json_from_the_beginning(corner: Pipeline) -> None:
    await _publish(corner, _event("a", "weapon", 0.9), _event("b", "weapon", 0.3), _event("c", "vehicle", 0.9))
    arguments = ("--tag", "weapon", "--min-confidence", "0.5", "--from-beginning", "--json")
    with started(corner, "tail", *arguments) as tail:
        assert "following" in _next_line(tail)
        (event,) = [json.loads(_next_line(tail))]
        assert event["asset_id"] == "a"
        assert "embedding" not in event
        await _publish(corner, _event("d", "weapon", 0.8))
        assert json.loads(_next_line(tail))["asset_id"] == "d"
        tail.terminate()
        assert tail.wait(30) == 0


async def test_it_shows_what_people_say(corner: Pipeline) -> None:
    """Also where a filter names the tag that is taken away."""
    said = AssetReviewed.model_validate(reviewed_full())
    rejected = said.verdict.model_copy(update={"word": Word.REJECTED, "tag": "vehicle"})
    with started(corner, "tail", "--tag", "vehicle") as tail:
        assert "following" in _next_line(tail)
        for verdict in (said.verdict, rejected):
            value = encode_event(said.model_copy(update={"verdict": verdict}))
            await corner.publish_raw(said.asset_id.encode(), value, topic=corner.topics.reviewed)
        line = _next_line(tail)
        tail.terminate()
        assert tail.wait(30) == 0
    assert "vehicle rejected by anna" in line
    assert "character·1.00" in line


async def test_it_shows_what_is_there_twice(corner: Pipeline) -> None:
    """Of a texture that is there once there is nothing to show."""
    found = AssetRelated.model_validate(related_full())
    turned = found.related[0].model_copy(update={"said_of": "other", "asset_id": "turned"})
    with started(corner, "tail") as tail:
        assert "following" in _next_line(tail)
        for event in (
            AssetRelated.model_validate(related_nothing_found()),
            found.model_copy(update={"related": (*found.related, turned)}),
        ):
            await corner.publish_raw(event.asset_id.encode(), encode_event(event), topic=corner.topics.related)
        line, other = _next_line(tail), _next_line(tail)
        tail.terminate()
        assert tail.wait(30) == 0
    assert line.split()[1:] == [found.asset_id, "mip-of", f"{found.asset_id}_hd"]
    assert other.split()[1:] == ["turned", "mip-of", found.asset_id]


def test_a_topic_that_is_not_there_is_told(corner: Pipeline) -> None:
    done = corner.aegis("tail", "--topic", "nothing")
    assert done.returncode == 2
    assert "there is no topic nothing" in done.stderr

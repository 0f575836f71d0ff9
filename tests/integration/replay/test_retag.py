"""A retag on real services: no object is fetched, and the tags are those that tagging anew would give."""

from __future__ import annotations

import asyncio
import re
import shutil
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from benchmarks.support.corpus import Corpus, write_corpus
from consumer.replay.plans.plan import PlanError
from consumer.replay.retag import RetagReport, RetagRequest, run_retag
from consumer.tagging.bundle.bundle import TAXONOMY, Bundle, default_bundle_path, load_bundle
from schemas import Model, encode_event, utc_now
from testkit.kafka_tools import eventually, make_topics
from testkit.running import Pipeline
from testkit.seeding import seed, tagged_events
from tests.integration.replay.conftest import Replay
from tests.integration.replay.test_replay_kills import started

ASSETS = 24


async def _retag(bundle: Bundle, name: str = "vocabulary", **topics: str) -> RetagReport:
    async with asyncio.timeout(90):
        return await run_retag(RetagRequest(name, bundle, **topics), asyncio.Event(), lambda *_: None, lambda _: None)


async def test_it_gives_what_a_replay_gives_and_fetches_nothing(
    corner: Pipeline, replay: Replay, next_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The object store is away while it runs; its events go to asset-tagged, with a vocabulary of other digest."""
    await seed(corner, [f"asset-{number}" for number in range(ASSETS)])
    await replay("first")
    await corner.publish_raw(b"asset-0", None, topic=corner.topics.tagged)
    odd = await _no_events(corner)
    for value in odd:
        await corner.publish_raw(b"odd", value, topic=corner.topics.tagged)
    bundle = load_bundle(next_bundle)
    with monkeypatch.context() as away:
        away.setenv("AEGIS_S3_ENDPOINT", "http://127.0.0.1:9")

        report = await _retag(bundle)

    monkeypatch.setenv("AEGIS_MODEL_BUNDLE", str(next_bundle))
    await make_topics(corner.bootstrap, 4, f"{corner.topics.tagged}.second")
    await replay("second", output_topic=f"{corner.topics.tagged}.second")
    retagged = [event for event in await tagged_events(corner) if event.taxonomy.version == "next"]
    replayed = await tagged_events(corner, f"{corner.topics.tagged}.second")
    expected = {event.asset_id: (event.event_id, event.tags) for event in replayed if event.asset_id != "asset-0"}
    assert report.complete
    assert asdict(report.counts) == {
        "selected": ASSETS - 1, "current": 0, "needing_image": 0, "superseded": 1, "removals": 1,
        "malformed": len(odd),
    }  # fmt: skip
    assert {event.asset_id: (event.event_id, event.tags) for event in retagged} == expected
    assert len(retagged) == ASSETS - 1


async def _no_events(corner: Pipeline) -> list[bytes]:
    """Return what would be an event of the asset "odd" but for one thing."""
    event = encode_event((await tagged_events(corner))[0].model_copy(update={"asset_id": "odd"}))
    return [
        b"{",
        event.replace(b'"asset_id":"odd"', b'"asset_id":"other"'),
        event.replace(b'"schema_version":"1.', b'"schema_version":"2.'),
        re.sub(rb'"extracted_at":"[^"]+"', b'"extracted_at":"2026-01-01T00:00:00"', event),
        event.removesuffix(b"}") + b',"future":"\xff"}',
        event.removesuffix(b"}") + b',"future":' + b"[" * 2000 + b"]" * 2000 + b"}",
    ]


async def test_a_second_time_there_is_nothing_to_do(corner: Pipeline, replay: Replay, next_bundle: Path) -> None:
    """Under the same name, and under another: what has the vocabulary already is left."""
    await seed(corner, ["a", "b"])
    await replay("first")
    bundle = load_bundle(next_bundle)
    await _retag(bundle)

    again, other = await _retag(bundle), await _retag(bundle, "other")

    assert (again.complete, again.retagged_here) == (True, 0)
    assert (other.counts.selected, other.counts.current, other.retagged_here) == (0, 2, 0)
    with pytest.raises(PlanError, match="another --name"):
        await _retag(load_bundle(default_bundle_path()))


async def test_an_older_extraction_that_was_written_later_is_not_brought_up(
    corner: Pipeline, replay: Replay, next_bundle: Path
) -> None:
    """Newest is by extraction, then by tagging, not by place in the log."""
    await seed(corner, ["a"], occurred_at="2026-02-01T00:00:00Z")
    await replay("first")
    (event,) = await tagged_events(corner)
    older = event.model_copy(update={"extracted_at": event.extracted_at.replace(year=2025)})
    await corner.publish_raw(b"a", encode_event(older), topic=corner.topics.tagged)

    await _retag(load_bundle(next_bundle))

    times = [found.extracted_at for found in await tagged_events(corner)]
    assert times == [event.extracted_at, older.extracted_at, event.extracted_at]


async def test_an_extraction_ahead_of_time_is_not_the_newest_for_ever(
    corner: Pipeline, replay: Replay, next_bundle: Path
) -> None:
    """An event of an older version, whose tagger did not hold it to its record, is superseded by the next one."""
    await seed(corner, ["a"])
    await replay("first")
    (event,) = await tagged_events(corner)
    lying = event.model_copy(update={"extracted_at": event.extracted_at.replace(year=2099)})
    await corner.publish_raw(b"a", encode_event(lying), topic=corner.topics.tagged)
    later = event.model_copy(update={"extracted_at": utc_now().replace(microsecond=0) + timedelta(seconds=1)})
    await corner.publish_raw(b"a", encode_event(later), topic=corner.topics.tagged)

    await _retag(load_bundle(next_bundle))

    assert (await tagged_events(corner))[-1].extracted_at == later.extracted_at


async def test_assets_of_another_model_or_without_pixel_evidence_are_replayed_from_their_images(
    corner: Pipeline, replay: Replay, tmp_path: Path
) -> None:
    """The command says how many, and does it."""
    await seed(corner, ["a", "b", "c"])
    await replay("first")
    events = {event.asset_id: event for event in await tagged_events(corner)}
    foreign = events["b"].model_copy(
        update={"model": events["b"].model.model_copy(update={"digest": "sha256:" + "e" * 64})}
    )
    bare = events["c"].model_copy(update={"pixel_evidence": None})
    for event in (foreign, bare):
        await corner.publish_raw(event.asset_id.encode(), encode_event(event), topic=corner.topics.tagged)
    file = tmp_path / "new.yaml"
    file.write_text((default_bundle_path() / TAXONOMY).read_text().replace('version: "3"', 'version: "next"'))

    kept = corner.aegis("retag", "--taxonomy", str(file), "--name", "kept", "--no-replay")
    done = corner.aegis("retag", "--taxonomy", str(file))

    assert kept.returncode == done.returncode == 0, done.stderr
    assert "complete, 1 assets, 1 of them" in kept.stdout
    assert "aegis replay" in kept.stdout
    assert "2 assets need their image" in done.stdout
    assert "complete, 2 assets, 2 of them tagged by this process (1 filtered out)" in done.stdout
    new = {event.asset_id for event in await tagged_events(corner) if event.taxonomy.version == "next"}
    assert new == {"a", "b", "c"}


async def test_killed_and_started_again_it_ends_as_if_nothing_had_happened(corner: Pipeline, next_bundle: Path) -> None:
    """Kill -9 in the middle; the next start does the rest, and some of it twice under the same event ids."""
    shipped = load_bundle(next_bundle)
    model = Model(
        id="aegis-mini", digest=shipped.digest, precision="int8", provider="CPUExecutionProvider", calibrated=True
    )
    corpus = Corpus(20_000, model, dim=shipped.manifest.dim)
    await write_corpus(corner.bootstrap, corner.topics.tagged, corpus)
    calm, wild = f"{corner.topics.tagged}.calm", f"{corner.topics.tagged}.wild"
    corner = replace(corner, environment={**corner.environment, "AEGIS_MODEL_BUNDLE": str(next_bundle)})
    assert corner.aegis("retag", "--name", "calm", "--output-topic", calm).returncode == 0
    # Made before, so that its ends can be asked for.
    await make_topics(corner.bootstrap, 4, wild)

    with started(corner, "retag", "--name", "wild", "--output-topic", wild) as process:

        async def begun() -> bool:
            return process.poll() is not None or await _length(corner, wild) > 0

        await eventually(begun, "the first events", timeout_seconds=60)
        process.kill()
    assert 0 < await _length(corner, wild) < corpus.assets

    done = corner.aegis("retag", "--name", "wild", "--output-topic", wild)

    assert done.returncode == 0, done.stderr
    expected = {event.asset_id: (event.event_id, event.tags) for event in await tagged_events(corner, calm)}
    found = {event.asset_id: (event.event_id, event.tags) for event in await tagged_events(corner, wild)}
    assert len(expected) == corpus.assets
    assert found == expected


async def _length(corner: Pipeline, topic: str) -> int:
    async with AIOKafkaConsumer(bootstrap_servers=corner.bootstrap) as consumer:
        ends = await consumer.end_offsets([TopicPartition(topic, number) for number in range(4)])
    return sum(ends.values())


def test_the_command_line_says_what_is_wrong(corner: Pipeline, tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("id: x")
    bundle = tmp_path / "bundle"
    shutil.copytree(default_bundle_path(), bundle)
    for arguments, named in (
        (("--taxonomy", str(bad)), "bad.yaml"),
        (("--calibration", str(bad)), "no calibration"),
        (("--name", "a b"), "letters"),
    ):
        done = corner.aegis("retag", *arguments)
        assert done.returncode == 2, done.stderr
        assert named in done.stderr

"""A replay on real services: what it tags, what it leaves alone, and when it ends."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from consumer.kafka.clients import make_consumer
from consumer.replay.plans.plan import PlanError, Start
from consumer.replay.plans.planned_group import PlannedGroup
from consumer.replay.run import ReplayRequest, count_replay, made_by, replay_group
from consumer.replay.selecting.filters import AssetFilter
from consumer.storage.postgres.database import connect
from consumer.stream.settings import StreamSettings
from schemas import Word, tagged_event_id, utc_now
from schemas.connections import DatabaseConnection, KafkaConnection
from testkit.kafka_tools import committed, eventually
from testkit.running import Pipeline
from testkit.saying import say
from testkit.seeding import publish_all, seed, tagged_events
from tests.integration.replay.conftest import Replay


async def test_the_newest_event_of_each_asset_is_tagged_with_the_model_of_now(
    corner: Pipeline, replay: Replay, next_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Superseded events, removed assets and what is no event are left alone, and counted."""
    old = await seed(corner, [f"asset-{number}" for number in range(12)], occurred_at="2026-01-01T00:00:00Z")
    newest = [corner.event(event.asset_id, event.object, occurred_at="2026-02-01T00:00:00Z") for event in old[:4]]
    await publish_all(corner, newest)
    await corner.publish_raw(b"asset-11", None)
    await corner.publish_raw(b"asset-10", b"{")
    monkeypatch.setenv("AEGIS_MODEL_BUNDLE", str(next_bundle))

    report = await replay()

    tagged = await tagged_events(corner)
    wanted = {event.asset_id: event for event in [*old[:11], *newest]}
    assert report.complete
    assert asdict(report.counts) == {
        "selected": 11, "superseded": 5, "removals": 1, "filtered_out": 0, "malformed": 1,
    }  # fmt: skip
    assert {event.asset_id: event.extracted_event_id for event in tagged} == {
        asset_id: event.event_id for asset_id, event in wanted.items()
    }
    assert len(tagged) == len(wanted)
    for event in tagged:
        assert event.taxonomy.version == "next"
        assert event.event_id == tagged_event_id(event.extracted_event_id, event.model.digest, event.taxonomy.digest)


async def test_it_ends_where_the_topic_ended_and_is_then_complete_for_good(corner: Pipeline, replay: Replay) -> None:
    """What comes later is live tagging's; the same name again has nothing left to do."""
    await seed(corner, [f"asset-{number}" for number in range(8)])
    await replay()
    await seed(corner, ["later"])

    again = await replay()

    assert again.complete
    assert again.tagged_here == 0
    assert {event.asset_id for event in await tagged_events(corner)} == {f"asset-{number}" for number in range(8)}


async def test_what_changed_after_the_plan_is_left_to_live_tagging(corner: Pipeline, replay: Replay) -> None:
    """A removal is not undone, and a newer extraction not answered with the older one's tags."""
    events = await seed(corner, [f"asset-{number}" for number in range(6)])
    await _fix_plan("again")
    await corner.publish_raw(b"asset-0", None)
    await publish_all(corner, [corner.event("asset-1", events[5].object)])

    report = await replay()

    assert report.changed_since_here == 2
    assert {event.asset_id for event in await tagged_events(corner)} == {f"asset-{number}" for number in range(2, 6)}


async def test_an_extraction_ahead_of_time_is_not_the_newest_for_ever(corner: Pipeline, replay: Replay) -> None:
    """Of its asset the one that was published later is tagged, and counts as of when it happened."""
    (lying,) = await seed(corner, ["asset"], occurred_at="2099-01-01T00:00:00Z")
    true = corner.event("asset", lying.object)
    await publish_all(corner, [true])

    report = await replay()

    assert (report.counts.selected, report.counts.superseded) == (1, 1)
    assert [(event.extracted_event_id, event.extracted_at) for event in await tagged_events(corner)] == [
        (true.event_id, true.occurred_at)
    ]


async def test_tables_keep_the_newest_extraction_and_what_people_said(
    corner: Pipeline, replay: Replay, next_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Replayed tags replace those of the same extraction, and nothing else."""
    same, newer, removed = await seed(corner, ["same", "newer", "removed"], occurred_at="2026-01-01T00:00:00Z")
    await _fix_plan("again", next_bundle)
    services = [corner.service("tagger"), corner.service("sink")]
    for service in services:
        service.start()
    try:
        await publish_all(corner, [corner.event("newer", same.object, occurred_at="2026-03-01T00:00:00Z")])
        await corner.stored("same")
        await corner.publish_raw(b"removed", None)
        await _stored_as(corner, "newer", "2026-03-01")
        await eventually_gone(corner, "removed")
        first_tag = (await corner.rows("SELECT category, tag FROM asset_tags WHERE asset_id = 'same'"))[0]
        session = await connect(DatabaseConnection())
        category, tag = first_tag["category"], first_tag["tag"]
        await say(session, "same", category, tag, Word.REJECTED, decided_by="anna")
        await session.close()
        monkeypatch.setenv("AEGIS_MODEL_BUNDLE", str(next_bundle))

        await replay(output_topic=None)
        # As if the replay had not noticed in time that they changed: its own events for them, written late.
        monkeypatch.setattr("consumer.replay.selecting.changed_keys.ChangedSince.holds", lambda *_: False)
        await replay("unaware", start=Start())

        async def retagged() -> bool:
            rows = await corner.rows("SELECT taxonomy_version AS version FROM assets WHERE asset_id = 'same'")
            return [row["version"] for row in rows] == ["next"]

        await eventually(retagged, "the new taxonomy's tags are stored")
    finally:
        for service in services:
            service.stop()
    assert newer.event_id != removed.event_id
    rows = await corner.rows("SELECT asset_id, extracted_at FROM assets ORDER BY asset_id")
    assert [row["asset_id"] for row in rows] == ["newer", "same"]
    assert rows[0]["extracted_at"] == datetime(2026, 3, 1, tzinfo=UTC)
    kept = await corner.rows("SELECT tag FROM asset_tags WHERE asset_id = 'same' AND verdict = 'rejected'")
    shown = await corner.rows("SELECT tag FROM current_tags WHERE asset_id = 'same'")
    assert [row["tag"] for row in kept] == [first_tag["tag"]]
    assert first_tag["tag"] not in {row["tag"] for row in shown}


async def test_a_dry_run_counts_what_the_replay_then_does_and_changes_nothing(corner: Pipeline, replay: Replay) -> None:
    await seed(corner, [f"ui/button-{number}" for number in range(5)], source={"archive": "ui.unity3d"})
    await seed(corner, [f"hero/skin-{number}" for number in range(3)], source={"archive": "hero.zip"})
    await seed(corner, ["hero/bare"])

    for filters, expected in (
        ((), 9),
        (("asset=ui/*",), 5),
        (("archive=hero.*", "asset=*-1"), 1),
        (("archive=hero.zip",), 3),
        (("asset=none",), 0),
    ):
        request = ReplayRequest("counted", Start(), AssetFilter.parse(filters))
        assert (await count_replay(request, lambda *_: None)).counts.selected == expected, filters
    assert await committed(corner.bootstrap, replay_group("counted"), corner.topics.extracted) == {}

    report = await replay("counted", filters=("archive=hero.zip",))

    assert (report.counts.selected, report.counts.filtered_out, report.tagged_here) == (3, 6, 3)


async def test_filters_by_what_is_stored_now(
    corner: Pipeline, replay: Replay, next_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a current tag, a person's included; and by whether this model and taxonomy made the tags."""
    await seed(corner, ["a", "b", "c", "never tagged"])
    await replay("first", filters=("asset=?",))
    sink = corner.service("sink")
    sink.start()
    try:
        for asset_id in "abc":
            await corner.stored(asset_id)
    finally:
        sink.stop()
    session = await connect(DatabaseConnection())
    await say(session, "b", "object_types", "teapot", Word.ADDED, decided_by="anna")
    await session.close()

    async def counted(*filters: str) -> int:
        request = ReplayRequest("counted", Start(), AssetFilter.parse(filters))
        return (await count_replay(request, lambda *_: None)).counts.selected

    assert await counted("tag=teapot") == 1
    assert await counted("older") == 1
    monkeypatch.setenv("AEGIS_MODEL_BUNDLE", str(next_bundle))
    assert await counted("older") == 4
    assert await counted("older", "tag=teapot") == 1
    monkeypatch.delenv("AEGIS_PG_DSN")
    with pytest.raises(PlanError, match="AEGIS_PG_DSN"):
        await counted("older")


async def test_it_may_start_at_an_offset_at_a_time_or_in_one_partition(corner: Pipeline) -> None:
    ids = [f"asset-{number}" for number in range(20)]
    await seed(corner, ids[:10])
    await asyncio.sleep(0.01)
    middle = utc_now()
    await asyncio.sleep(0.01)
    await seed(corner, ids[10:])
    ends = await _ends(corner)

    async def counted(start: str) -> int:
        request = ReplayRequest("counted", Start.parse(start), AssetFilter())
        return (await count_replay(request, lambda *_: None)).counts.selected

    assert await counted("beginning") == 20
    assert await counted(middle.isoformat()) == 10
    assert await counted("2") == sum(max(0, end - 2) for end in ends.values())
    assert await counted("1:0") == ends[1]
    assert await counted("1:0,3:1") == ends[1] + max(0, ends[3] - 1)
    assert await counted("2100-01-01T00:00:00Z") == 0


async def test_a_name_goes_on_only_with_what_it_was_begun_for(
    corner: Pipeline, replay: Replay, next_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other filters, another output, another model: else half of it would be done one way, half the other."""
    await seed(corner, ["a"])
    await replay()
    with pytest.raises(PlanError, match="another --name"):
        await replay(filters=("asset=a",))
    with pytest.raises(PlanError, match="another --name"):
        await replay(output_topic=f"{corner.topics.tagged}.next")
    monkeypatch.setenv("AEGIS_MODEL_BUNDLE", str(next_bundle))
    with pytest.raises(PlanError, match="another --name"):
        await replay()


async def test_processes_that_begin_at_once_agree_on_one_end(corner: Pipeline) -> None:
    """While events keep coming, so that each would see other ends."""
    await seed(corner, [f"asset-{number}" for number in range(8)])
    done = asyncio.Event()
    writing = asyncio.create_task(_keep_writing(corner, done))
    try:
        plans = await asyncio.gather(*(_fix_plan("together") for _ in range(4)))
    finally:
        done.set()
        await writing
    assert all(plan == plans[0] for plan in plans)


async def test_a_partition_that_ends_in_a_transactions_marker_ends(corner: Pipeline, replay: Replay) -> None:
    """An extractor may write in transactions; their markers take offsets that no record ever comes for."""
    events = await seed(corner, [f"plain-{number}" for number in range(4)])
    producer = AIOKafkaProducer(bootstrap_servers=corner.bootstrap, transactional_id=replay_group("tx"))
    await producer.start()
    try:
        for number in range(8):
            event = corner.event(f"in-transaction-{number}", events[0].object)
            async with producer.transaction():
                value = event.model_dump_json(exclude_none=True).encode()
                await producer.send_and_wait(corner.topics.extracted, value, key=event.asset_id.encode())
    finally:
        await producer.stop()

    report = await replay()

    assert report.complete
    assert report.counts.selected == report.tagged_here == 12


async def test_an_empty_topic_is_complete_at_once(corner: Pipeline, replay: Replay) -> None:
    report = await replay()
    assert (report.complete, report.counts.selected) == (True, 0)


async def test_an_object_that_is_gone_is_a_dead_letter_and_does_not_stop_it(corner: Pipeline, replay: Replay) -> None:
    good, bad = await seed(corner, ["good", "bad"])
    missing = good.object.model_copy(update={"key": "sha256/00/00/none.png", "sha256": None, "size": None})
    await publish_all(corner, [corner.event("bad", missing)])

    report = await replay()

    assert report.complete
    assert [event.asset_id for event in await tagged_events(corner)] == ["good"]
    (letter,) = await corner.records_of(f"{corner.topics.extracted}.dlq", bad.asset_id)
    assert letter.text("dlq-group") == replay_group("again")


async def _fix_plan(name: str, bundle: Path | None = None) -> object:
    from consumer.services.model import load_bundle_of  # noqa: PLC0415 - only here
    from consumer.settings import ModelSettings  # noqa: PLC0415 - only here
    from schemas.connections import TopicSettings  # noqa: PLC0415 - only here

    kafka, topic, group = KafkaConnection(), TopicSettings().topics.extracted, replay_group(name)
    settings = ModelSettings(bundle=bundle and str(bundle))
    loaded = await load_bundle_of(settings)
    purpose = ReplayRequest(name, Start(), AssetFilter()).purpose(loaded, made_by(loaded, settings))
    async with PlannedGroup(kafka, group, topic) as planned:
        return await planned.plan(
            Start(), purpose, lambda: make_consumer(kafka, StreamSettings(topic=topic, group=group))
        )


async def _keep_writing(corner: Pipeline, done: asyncio.Event) -> None:
    number = 0
    async with AIOKafkaProducer(bootstrap_servers=corner.bootstrap) as producer:
        while not done.is_set():
            number += 1
            await producer.send_and_wait(corner.topics.extracted, b"{", key=f"more-{number}".encode())


async def _ends(corner: Pipeline) -> dict[int, int]:
    async with PlannedGroup(KafkaConnection(), "looking", corner.topics.extracted) as group:
        plan = await group.preview(Start(), "looking", KafkaConnection())
    return {number: part.end for number, part in plan.partitions.items()}


async def _stored_as(corner: Pipeline, asset_id: str, day: str) -> None:
    async def there() -> bool:
        rows = await corner.rows("SELECT extracted_at::date::text AS day FROM assets WHERE asset_id = $1", asset_id)
        return [row["day"] for row in rows] == [day]

    await eventually(there, f"{asset_id} as extracted on {day}")


async def eventually_gone(corner: Pipeline, asset_id: str) -> None:
    async def gone() -> bool:
        return not await corner.rows("SELECT 1 FROM assets WHERE asset_id = $1", asset_id)

    await eventually(gone, f"{asset_id} is removed")

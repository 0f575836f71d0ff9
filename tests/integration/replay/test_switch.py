"""Rolling out a new model by a second topic and a second schema, while a sink and a gateway run on the first."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg
import pytest

from aegis.shared.corpus_runs import make_output_topic
from consumer.storage.errors import DatabaseUnavailableError, SchemaTooOldError
from consumer.storage.postgres.database import connect
from consumer.storage.postgres.migrate import migrate
from consumer.storage.postgres.switching import Switch, SwitchError, difference, switch
from consumer.storage.tables.tags import TagStore
from schemas import Word
from schemas.connections import DatabaseConnection
from testkit.kafka_tools import eventually
from testkit.running import Pipeline
from testkit.saying import say
from testkit.seeding import publish_all, seed
from tests.integration.gateway.conftest import gateway_process
from tests.integration.replay.conftest import Replay
from tests.unit.gateway.serving import Client
from tests.unit.storage.samples import embedding, row, tombstone, with_tags

EARLY, LATE = "2026-01-01T00:00:00Z", "2026-05-01T00:00:00Z"


async def test_a_new_model_is_rolled_out_beside_the_old_one_and_taken_back(
    corner: Pipeline, replay: Replay, next_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As docs/replay.md says; nothing but the green sink is started or stopped for it."""
    try:
        await _roll_out_and_back(corner, replay, next_bundle, monkeypatch)
    finally:
        corner.end()


async def _roll_out_and_back(
    corner: Pipeline, replay: Replay, next_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema, topic = corner.environment["AEGIS_PG_SCHEMA"], f"{corner.topics.tagged}.next"
    old = await seed(corner, ["kept", "newer", "removed"], occurred_at=EARLY)
    tagger, sink = corner.service("tagger"), corner.service("sink")
    tagger.start()
    sink.start()
    for event in old:
        await corner.stored(event.asset_id)
    assert tagger.stop() == 0
    said = (await corner.rows("SELECT category, tag FROM asset_tags WHERE asset_id = 'kept' ORDER BY 1, 2"))[0]
    session = await connect(DatabaseConnection())
    await say(session, "kept", said["category"], said["tag"], Word.REJECTED, decided_by="anna")
    await session.close()

    monkeypatch.setenv("AEGIS_MODEL_BUNDLE", str(next_bundle))
    await asyncio.to_thread(make_output_topic, topic)
    await replay("green", output_topic=topic)
    await migrate(DatabaseConnection(AEGIS_PG_SCHEMA=f"{schema}_next"))
    green = corner.service(
        "sink", AEGIS_PG_SCHEMA=f"{schema}_next", AEGIS_SINK_TOPIC=topic, AEGIS_SINK_GROUP=f"{schema}-green"
    )
    green.start()
    await eventually(lambda: _holds(corner, f"{schema}_next", 3), "the second schema is built")
    assert green.stop() == 0

    live = corner.service("tagger", AEGIS_MODEL_BUNDLE=str(next_bundle))
    live.start()
    await publish_all(corner, [corner.event("newer", old[0].object, occurred_at=LATE)])
    await eventually(lambda: _extracted(corner, "newer", LATE), "the newer extraction is stored")
    await corner.publish_raw(b"removed", None)
    await eventually(lambda: _holds(corner, schema, 2), "the removal is stored")
    with gateway_process(corner) as (_, gateway):
        before = await _answer(gateway, "kept")

        told = corner.aegis("switch", "--to", f"{schema}_next")
        assert told.returncode == 0, told.stderr
        assert "1 verdicts, 1 newer extractions, 0 assets that it lacked" in told.stdout

        after = await _answer(gateway, "kept")
        assert before["taxonomy"] != after["taxonomy"]
        assert after["taxonomy"].endswith(" next")
        assert said["tag"] not in {tag["tag"] for tag in after["tags"] if tag["category"] == said["category"]}
        assert await _extracted(corner, "newer", LATE)
        assert await corner.rows("SELECT FROM assets WHERE asset_id = 'removed'") == []

        await seed(corner, ["later"], occurred_at=LATE)
        await corner.stored("later")

        told = corner.aegis("switch", "--back")
        assert told.returncode == 0, told.stderr
        assert f"undo with: aegis switch --to {schema}_next" in told.stdout
        back = await _answer(gateway, "kept")
        assert back["taxonomy"] == before["taxonomy"]
        assert said["tag"] not in {tag["tag"] for tag in back["tags"] if tag["category"] == said["category"]}
        assert (await corner.stored("later"))["taxonomy_version"] == "next"
    assert (live.stop(), sink.stop()) == (0, 0)


async def _holds(corner: Pipeline, schema: str, assets: int) -> bool:
    rows = await corner.rows(f"SELECT count(*) AS assets FROM {schema}.assets")  # noqa: S608 - a name of the test's own
    return bool(rows[0]["assets"] == assets)


async def _extracted(corner: Pipeline, asset_id: str, at: str) -> bool:
    rows = await corner.rows(
        "SELECT FROM assets WHERE asset_id = $1 AND extracted_at = $2::text::timestamptz", asset_id, at
    )
    return bool(rows)


async def _answer(gateway: Client, asset_id: str) -> dict[str, Any]:
    answer = await gateway.call("GET", f"/api/v1/assets/{quote(asset_id, safe='')}/tags")
    assert answer.status == 200, answer.text
    return dict(answer.json)


@pytest.fixture
async def blue_and_green(database: DatabaseConnection) -> tuple[DatabaseConnection, DatabaseConnection, Switch]:
    green = database.model_copy(update={"db_schema": f"{database.db_schema}_next"})
    for connection in (database, green):
        await migrate(connection)
    schema = database.db_schema
    return database, green, Switch(schema, green.db_schema, f"{schema}_previous")


async def _in(connection: DatabaseConnection, query: str) -> list[asyncpg.Record]:
    session = await connect(connection)
    try:
        return list(await session.fetch(query))
    finally:
        await session.close()


async def test_a_sink_at_work_writes_each_batch_whole_into_one_schema(
    blue_and_green: tuple[DatabaseConnection, DatabaseConnection, Switch],
) -> None:
    """However often they are switched under it: no asset without its tag, no tag without its asset."""
    blue, _, names = blue_and_green
    back = Switch(names.current, names.outgoing, names.incoming)
    done = asyncio.Event()

    async def write(writer: int) -> int:
        async with await TagStore.open(blue) as store:
            batch = 0
            while not done.is_set():
                batch += 1
                entries = [with_tags(row(f"{writer}-{batch}-{number}"), "t") for number in range(20)]
                await store.write_batch([*entries, tombstone(f"{writer}-gone-{batch}")])
            return batch

    writers = [asyncio.create_task(write(number)) for number in range(2)]
    for _ in range(6):
        await switch(blue, names, allow_missing=True)
        await switch(blue, back, allow_missing=True)
    done.set()
    written = await asyncio.gather(*writers)

    halves = """
        SELECT asset_id FROM assets FULL JOIN asset_tags USING (asset_id)
        WHERE assets.event_id IS NULL OR asset_tags.tag IS NULL
    """
    assert await _in(blue, halves) == []
    assert [found["count"] for found in await _in(blue, "SELECT count(*) FROM assets")] == [20 * sum(written)]
    assert [found["count"] for found in await _in(blue, "SELECT count(*) FROM removed_assets")] == [sum(written)]


async def test_what_people_said_goes_with_what_is_current(
    blue_and_green: tuple[DatabaseConnection, DatabaseConnection, Switch],
) -> None:
    """Of two words on one tag the later counts, and what was withdrawn does not come back with a switch back."""
    blue, green, names = blue_and_green
    for connection in (blue, green):
        async with await TagStore.open(connection) as store:
            await store.write_batch([with_tags(row("a"), "boat", "tree")])
    await _say(green, "tree", Word.CONFIRMED)
    await _say(blue, "boat", Word.CONFIRMED)
    await _say(blue, "tree", Word.REJECTED)

    await switch(blue, names)
    assert await _said(blue) == {"boat": "confirmed", "tree": "rejected"}
    await _say(blue, "boat", Word.WITHDRAWN)

    await switch(blue, Switch(names.current, names.outgoing, names.incoming))
    assert await _said(blue) == {"tree": "rejected"}


async def _say(connection: DatabaseConnection, tag: str, verdict: Word) -> None:
    session = await connect(connection)
    await say(session, "a", "object_types", tag, verdict, decided_by="anna")
    await session.close()


async def _said(connection: DatabaseConnection) -> dict[str, str]:
    rows = await _in(connection, "SELECT tag, verdict FROM asset_tags WHERE source = 'human'")
    return {found["tag"]: found["verdict"] for found in rows}


async def test_what_the_new_tables_lack_is_carried_over_with_its_tags_and_its_embedding(
    blue_and_green: tuple[DatabaseConnection, DatabaseConnection, Switch],
) -> None:
    blue, green, names = blue_and_green
    both = [with_tags(row(f"both-{number}"), "old") for number in range(20)]
    lacking = with_tags(row("lacking", sha256="a" * 64, embedding=embedding(3)), "old")
    async with await TagStore.open(blue) as store:
        await store.write_batch([*both, lacking])
        await store.embeddings_settled()
    async with await TagStore.open(green) as store:
        await store.write_batch([with_tags(entry, "new") for entry in both])

    assert (await difference(blue, names)).missing == 1
    await switch(blue, names)

    tags = await _in(blue, "SELECT tag, count(*) FROM asset_tags GROUP BY 1 ORDER BY 1")
    assert [(found["tag"], found["count"]) for found in tags] == [("new", 20), ("old", 1)]
    async with await TagStore.open(blue) as store:
        await store.embeddings_settled()
    assert await _in(blue, f"SELECT sha256 FROM embeddings WHERE sha256 = '{'a' * 64}'")  # noqa: S608 - a constant


@pytest.mark.parametrize(
    ("assets", "prepare", "refused"),
    [
        (("a", "b"), (), "2 of 2 assets of .* are not in .*_next"),
        ((), ("CREATE SCHEMA {}_previous",), "_previous of an earlier switch is still there"),
    ],
)
async def test_a_switch_that_would_do_harm_is_refused_and_changes_nothing(
    blue_and_green: tuple[DatabaseConnection, DatabaseConnection, Switch],
    assets: Sequence[str],
    prepare: Sequence[str],
    refused: str,
) -> None:
    blue, _, names = blue_and_green
    async with await TagStore.open(blue) as store:
        if assets:
            await store.write_batch([row(name) for name in assets])
    for statement in prepare:
        await _in(blue, statement.format(names.current))

    with pytest.raises(SwitchError, match=refused):
        await switch(blue, names)

    assert len(await _in(blue, "SELECT FROM assets")) == len(assets)
    await switch(blue, names, allow_missing=True, drop_outgoing=True)
    assert len(await _in(blue, "SELECT FROM assets")) == len(assets)


async def test_a_writer_that_does_not_end_is_not_waited_for(
    blue_and_green: tuple[DatabaseConnection, DatabaseConnection, Switch],
) -> None:
    """Those behind the switch would wait, too."""
    blue, _, names = blue_and_green
    session = await connect(blue)
    async with session.transaction():
        await session.execute("DELETE FROM asset_tags")
        with pytest.raises(DatabaseUnavailableError, match="lock timeout"):
            await switch(blue, names, wait_seconds=0.1)
    await session.close()


async def test_a_schema_without_tables_is_not_switched_to(database: DatabaseConnection) -> None:
    await migrate(database)
    schema = database.db_schema
    with pytest.raises(SchemaTooOldError, match=f"{schema}_next"):
        await switch(database, Switch(schema, f"{schema}_next", f"{schema}_previous"))


@pytest.mark.parametrize("names", [("public", "a", "b"), ("a", "a", "b")])
def test_schemas_that_cannot_change_places_are_refused(names: tuple[str, str, str]) -> None:
    with pytest.raises(SwitchError):
        Switch(*names)

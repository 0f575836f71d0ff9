"""What the sink writes, on the real PostgreSQL."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import timedelta
from itertools import permutations
from pathlib import Path
from uuid import uuid4

import asyncpg
import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from aegis.verbs.assets.search import command as search_command
from consumer.imaging.decode import decode
from consumer.imaging.picture import ImageLimits
from consumer.storage.errors import DatabaseError, DatabaseUnavailableError, RowRejectedError
from consumer.storage.tables.likeness import LikeQuery, like
from consumer.storage.tables.reads import TagReader
from consumer.storage.tables.rows import TaggedRow, TagRow, Tombstone
from consumer.storage.tables.search.tag_query import TagQuery
from consumer.storage.tables.tags import TagStore
from consumer.storage.tables.taken import Taken
from consumer.tagging.bundle.bundle import default_bundle_path, load_bundle
from consumer.tagging.images.preprocess import PreprocessSpec, prepare
from consumer.tagging.inference.embed import open_embedder
from devstack import Stack
from schemas import Word
from schemas.connections import DatabaseConnection
from testkit.kafka_tools import eventually
from testkit.saying import say
from tests.unit.storage.samples import (
    MODEL,
    embedding,
    row,
    tombstone,
    with_tags,
)

SAMPLES = Path(__file__).parents[3] / "samples"
Entry = TaggedRow | Tombstone


async def current(session: asyncpg.Connection[asyncpg.Record], asset_id: str = "asset") -> set[str]:
    rows = await session.fetch("SELECT tag FROM current_tags WHERE asset_id = $1", asset_id)
    return {found["tag"] for found in rows}


async def everything(session: asyncpg.Connection[asyncpg.Record]) -> list[tuple[object, ...]]:
    """Return all that a write may leave behind, but not when it was stored."""
    tables = {
        "assets": "asset_id, event_id, extracted_at, tagged_at, sha256",
        "asset_tags": "asset_id, category, tag, source, confidence",
    }
    return [
        tuple(found)
        for table, columns in tables.items()
        for found in await session.fetch(f"SELECT {columns} FROM {table} ORDER BY {columns}")  # noqa: S608
    ]


async def test_an_event_becomes_a_row_its_tags_and_its_embedding(
    store: TagStore, session: asyncpg.Connection[asyncpg.Record]
) -> None:
    stored = with_tags(row(source='{"game": "g"}'), "weapon", "prop")
    await store.write_batch([stored])
    await store.embeddings_settled()
    found = await session.fetchrow("SELECT * FROM assets")
    assert found is not None
    assert (found["asset_id"], found["event_id"], found["extracted_at"], found["width"], found["source"]) == (
        stored.asset_id,
        stored.event_id,
        stored.extracted_at,
        4,
        '{"game": "g"}',
    )
    assert await current(session) == {"weapon", "prop"}
    assert await session.fetchval("SELECT sha256 FROM embeddings WHERE model_digest = $1", MODEL) == stored.sha256


async def test_a_batch_written_twice_changes_nothing(
    store: TagStore, session: asyncpg.Connection[asyncpg.Record]
) -> None:
    batch: list[Entry] = [row("a"), row("b", extracted=1), row("b", extracted=2), tombstone("c")]
    await store.write_batch(batch)
    before = await everything(session)
    await store.write_batch(batch)
    await store.write_batch(batch[:2])
    assert await everything(session) == before


async def test_the_newest_event_wins_in_any_order_and_any_batches(
    store: TagStore, session: asyncpg.Connection[asyncpg.Record]
) -> None:
    """All 24 orders of four events, one by one: the same row and the same tags."""
    history = [
        row(extracted=1, tagged=9),
        row(extracted=2, tagged=3),
        row(extracted=3, tagged=4),
        row(extracted=3, tagged=8),
    ]
    for number, order in enumerate(permutations(history)):
        asset_id = f"asset-{number}"
        for entry in order:
            await store.write_batch([replace(entry, asset_id=asset_id)])
        assert await current(session, asset_id) == {"at-3-8"}
        assert await session.fetchval("SELECT count(*) FROM asset_tags WHERE asset_id = $1", asset_id) == 1


async def test_an_id_that_comes_from_elsewhere_with_other_bytes_is_told_and_marked(
    tables: DatabaseConnection, session: asyncpg.Connection[asyncpg.Record]
) -> None:
    def of(owner: str, extracted: float) -> TaggedRow:
        return row(extracted=extracted, source=json.dumps({"belongs_to": owner}))

    told: list[Taken] = []
    async with await TagStore.open(tables, on_taken=told.extend) as store:
        first = of("/a/textures", 1)
        await store.write_batch([first])
        await store.write_batch([of("/a/textures", 2)])
        await store.write_batch([of("/c/textures", 0)])
        assert told == [], "new bytes from the same source, and what is older than both, take nothing"
        taker = of("/b/textures", 3)
        await store.write_batch([taker])
        assert told == [Taken("asset", "/a/textures", "/b/textures")]
        await store.write_batch([taker])
        await store.write_batch([replace(taker, tagged_at=taker.tagged_at + timedelta(seconds=1), event_id=uuid4())])
        await store.write_batch([replace(of("/elsewhere", 5), sha256=taker.sha256)])
        assert len(told) == 1, "neither what is stored again, nor a copy of the same bytes takes an id"
        await store.write_batch([replace(taker, extracted_at=taker.extracted_at + timedelta(seconds=9))])
    assert json.loads(await session.fetchval("SELECT source FROM assets")) == {"belongs_to": "/b/textures"}


async def test_the_mark_of_a_taken_id_stays_while_it_comes_from_there(
    store: TagStore, session: asyncpg.Connection[asyncpg.Record]
) -> None:
    for extracted, owner in ((1, "/a"), (2, "/b"), (3, "/b")):
        await store.write_batch([row(extracted=extracted, source=json.dumps({"belongs_to": owner}))])
    assert json.loads(await session.fetchval("SELECT source FROM assets")) == {"belongs_to": "/b", "replaced": "/a"}
    await store.write_batch([row(extracted=4, source=json.dumps({"belongs_to": "mygame 5f"}), sha256="e" * 64)])
    marked = json.loads(await session.fetchval("SELECT source FROM assets"))
    assert marked == {"belongs_to": "mygame 5f", "replaced": "/b"}


_times = st.integers(0, 4)
_row_entries = st.builds(
    lambda asset, extracted, later: row(asset, extracted=extracted, tagged=extracted + later),
    st.sampled_from("ab"),
    _times,
    _times,
)
_removals = st.builds(lambda asset, removed: tombstone(asset, removed=removed), st.sampled_from("ab"), _times)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(entries=st.lists(_row_entries | _removals, max_size=8), data=st.data())
async def test_how_events_are_cut_into_batches_does_not_matter(
    store: TagStore,
    session: asyncpg.Connection[asyncpg.Record],
    entries: Sequence[Entry],
    data: st.DataObject,
) -> None:
    """In one batch, or shuffled and cut anywhere, removals among them: the tables end the same."""

    async def written(batches: Sequence[Sequence[Entry]]) -> list[tuple[object, ...]]:
        await session.execute("TRUNCATE assets, asset_tags, removed_assets")
        for batch in batches:
            await store.write_batch(batch)
        return await everything(session)

    shuffled = data.draw(st.permutations(entries))
    cut = data.draw(st.integers(0, len(entries)))
    assert await written([shuffled[:cut], shuffled[cut:]]) == await written([entries])


async def test_a_tombstone_removes_the_asset_and_an_old_event_does_not_bring_it_back(
    store: TagStore, session: asyncpg.Connection[asyncpg.Record]
) -> None:
    old = row(extracted=1, tagged=2)
    await store.write_batch([old, row("other")])
    await store.write_batch([tombstone(removed=5)])
    assert await current(session) == set()
    await store.write_batch([old])
    assert await session.fetch("SELECT FROM assets WHERE asset_id = 'asset'") == []
    assert await current(session) == set()
    assert await current(session, "other") != set()


async def test_an_asset_extracted_again_after_its_removal_is_back(
    store: TagStore, session: asyncpg.Connection[asyncpg.Record]
) -> None:
    """And the removal that is delivered once more does not take it away."""
    removal = tombstone(removed=5)
    for entry in (row(extracted=1, tagged=2), removal, row(extracted=6, tagged=7), removal):
        await store.write_batch([entry])
    assert await current(session) == {"at-6-7"}


async def test_human_verdicts_survive_a_new_tagging_a_removal_and_a_return(
    store: TagStore, session: asyncpg.Connection[asyncpg.Record]
) -> None:
    await store.write_batch([with_tags(row(extracted=1), "weapon", "prop")])
    for tag, verdict in (("weapon", Word.REJECTED), ("prop", Word.CONFIRMED), ("sword", Word.ADDED)):
        await say(session, "asset", "object_types", tag, verdict, decided_by="anna")
    assert await current(session) == {"prop", "sword"}

    await store.write_batch([with_tags(row(extracted=2), "weapon", "vehicle")])
    assert await current(session) == {"prop", "sword", "vehicle"}

    await store.write_batch([tombstone(removed=3)])
    assert await current(session) == set()
    await store.write_batch([with_tags(row(extracted=4), "weapon")])
    assert await current(session) == {"prop", "sword"}


@pytest.mark.parametrize(
    "bad",
    [
        row("bad", mode="nul \x00"),
        row("bad", source='{"name": "\\u0000"}'),
        row("bad", mode="surrogate \ud800"),
        row("bad", width=2**40),
        row("bad", tags=(TagRow("c", "t", 1.5, "clip"),)),
        row("bad", tags=(TagRow("c", "t", float("nan"), "clip"),)),
        row("bad", tags=(TagRow("c", "t", 0.5, "clip"), TagRow("c", "t", 0.5, "clip"))),
        row("bad", embedding=np.array([1.0, np.nan], dtype=np.float16)),
    ],
    ids=["nul", "nul in JSON", "surrogate", "too wide", "above one", "not a number", "twice a tag", "nan embedding"],
)
async def test_one_bad_row_does_not_fail_its_batch(
    store: TagStore, session: asyncpg.Connection[asyncpg.Record], bad: TaggedRow
) -> None:
    """It alone is rejected, and a connection that failed is fit for the next batch."""
    good = [row(f"good-{number}") for number in range(9)]
    with pytest.raises(RowRejectedError):
        await store.write_batch([*good[:4], bad, *good[4:]])
    assert await everything(session) == []
    outcomes = await store.write_isolating([*good[:4], bad, *good[4:]])
    assert [type(outcome) for outcome in outcomes] == [type(None)] * 4 + [RowRejectedError] + [type(None)] * 5
    assert await session.fetchval("SELECT count(*) FROM assets") == 9


async def test_a_row_that_fails_in_a_way_nobody_knows_does_not_fail_its_batch(
    tables: DatabaseConnection, store: TagStore, session: asyncpg.Connection[asyncpg.Record]
) -> None:
    """Here a trigger of somebody else's: its error names no cause that we know, and meets one asset alone."""
    await session.execute(
        "CREATE FUNCTION odd() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN IF NEW.asset_id = 'bad' THEN RAISE EXCEPTION 'odd'; END IF; RETURN NEW; END $$"
    )
    await session.execute("CREATE TRIGGER odd BEFORE INSERT ON assets FOR EACH ROW EXECUTE FUNCTION odd()")
    outcomes = await store.write_isolating([row("a"), row("bad"), row("b"), row("c")])
    assert [type(outcome) for outcome in outcomes] == [type(None), DatabaseError, type(None), type(None)]
    assert await session.fetchval("SELECT count(*) FROM assets") == 3


async def test_two_sinks_writing_the_same_assets_at_once_leave_the_newest(
    tables: DatabaseConnection, store: TagStore, session: asyncpg.Connection[asyncpg.Record]
) -> None:
    """As they may for a moment after a rebalance; a deadlock would be tried again by the engine."""
    async with await TagStore.open(tables) as other:
        for _ in range(5):
            older = [row(f"a{number}", extracted=1) for number in range(200)]
            newer = [row(f"a{number}", extracted=2) for number in range(200)]
            await asyncio.gather(store.write_batch(newer[::-1]), other.write_batch(older), other.write_batch(newer))
    assert await session.fetchval("SELECT count(*) FROM asset_tags WHERE tag <> 'at-2-2'") == 0
    assert await session.fetchval("SELECT count(*) FROM asset_tags") == 200


async def test_the_database_killed_and_back_needs_no_hand(stack: Stack, store: TagStore) -> None:
    """While it is away writes fail as an outage does; afterwards the same store goes on."""
    await store.write_batch([row("before")])
    stack.stop("postgres", kill=True)
    try:
        with pytest.raises(DatabaseUnavailableError):
            await store.write_isolating([row("meanwhile")])
        with pytest.raises(DatabaseUnavailableError):
            await store.ping()
    finally:
        stack.start("postgres")

    async def stored() -> bool:
        try:
            return await store.write_isolating([row("after")]) == [None]
        except DatabaseUnavailableError:
            return False

    await eventually(stored, "the store writes again")
    await store.ping()


async def test_a_search_finds_assets_by_all_their_tags_surest_first_page_by_page(
    tables: DatabaseConnection, store: TagStore
) -> None:
    def tagged(asset_id: str, **confidences: float) -> TaggedRow:
        return row(asset_id, tags=tuple(TagRow("kind", tag, value, "clip") for tag, value in confidences.items()))

    await store.write_batch(
        [tagged("A/sword", weapon=0.9, metal=0.6), tagged("b", weapon=0.8), tagged("c", weapon=0.8, metal=0.3)]
    )
    async with await TagReader.open(tables) as reader:

        async def ids(query: TagQuery) -> list[str]:
            return [match.asset.asset_id for match in await reader.search(query)]

        assert await ids(TagQuery(("weapon",))) == ["A/sword", "b", "c"]
        assert await ids(TagQuery(("weapon", "metal"), min_confidence=0.5)) == ["A/sword"]
        assert await ids(TagQuery(category="kind", min_confidence=0.85)) == ["A/sword"]
        assert await ids(TagQuery(text="SWORD")) == ["A/sword"]
        assert await ids(TagQuery(text="_")) == []
        (first, second) = await reader.search(TagQuery(("weapon",), limit=2))
        assert [match.asset.asset_id for match in (first, second)] == ["A/sword", "b"]
        assert await ids(TagQuery(("weapon",), limit=2, after=second.page)) == ["c"]


async def test_like_finds_the_nearest_through_the_index_of_its_model(
    tables: DatabaseConnection, store: TagStore, session: asyncpg.Connection[asyncpg.Record]
) -> None:
    """Another model's embeddings, of another length, lie in the same table and are never compared."""
    mine = [row(f"mine-{number}", extracted=number, embedding=embedding(number, 16)) for number in range(50)]
    other_model = "sha256:" + "c" * 64
    others = [
        row(f"other-{number}", extracted=number, embedding=embedding(number, 8), model_digest=other_model)
        for number in range(9)
    ]
    await store.write_batch([*mine, *others])
    await store.embeddings_settled()

    async def both_indexed() -> bool:
        found = await session.fetchval(
            "SELECT count(*) FROM pg_indexes WHERE indexname LIKE 'embeddings_hnsw_%' AND schemaname = $1",
            tables.db_schema,
        )
        return bool(found == 2)

    await eventually(both_indexed, "each model has its index")
    async with await TagReader.open(tables) as reader:
        found = await like(reader, LikeQuery(mine[7].embedding, MODEL, limit=3))
    assert found[0].asset.asset_id == "mine-7"
    assert found[0].similarity == pytest.approx(1, abs=1e-3)
    assert len(found) == 3
    assert found[0].similarity >= found[1].similarity >= found[2].similarity


async def test_search_finds_what_looks_like_a_file_and_like_words(
    tables: DatabaseConnection, store: TagStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the command itself, with aegis-mini and real textures."""
    bundle = load_bundle(default_bundle_path())
    embedder, spec = open_embedder(bundle), PreprocessSpec.of(bundle.manifest.image)
    pictures = sorted((SAMPLES / "supertuxkart").glob("*.png"))
    vectors = [embedder.run(prepare(decode(path.read_bytes(), ImageLimits()), spec)[None])[0] for path in pictures]
    await store.write_batch(
        [
            row(path.name, extracted=number, embedding=vector.astype(np.float16), model_digest=bundle.digest)
            for number, (path, vector) in enumerate(zip(pictures, vectors, strict=True))
        ]
    )
    await store.embeddings_settled()
    monkeypatch.setenv("AEGIS_PG_DSN", tables.dsn.get_secret_value())
    monkeypatch.setenv("AEGIS_PG_SCHEMA", tables.db_schema)

    def found(*arguments: str) -> list[str]:
        done = CliRunner().invoke(search_command, [*arguments, "--json"], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return [json.loads(line)["asset_id"] for line in done.stdout.splitlines()]

    assert (await asyncio.to_thread(found, "--like", str(pictures[3]), "--limit", "3"))[0] == pictures[3].name
    skies = await asyncio.to_thread(found, "clouds in the sky", "--limit", "8")
    assert {name for name in skies if "skybox" in name}
    refused = await asyncio.to_thread(CliRunner().invoke, search_command, ["sky", "--text", "skybox"])
    assert refused.exit_code == 2
    assert "--text stands alone" in refused.output

"""Removals on the real PostgreSQL: the order on the topic decides, not anybody's clock."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import asyncpg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from consumer.storage.postgres.database import lend
from consumer.storage.postgres.migrate import migrate
from consumer.storage.tables.rows import Tombstone, settle
from consumer.storage.tables.tags import TagStore, _store
from schemas.connections import DatabaseConnection
from schemas.headers import SourcePlace
from testkit.kafka_tools import eventually
from tests.unit.storage.samples import LyingHistory, lying_histories, row, tombstone

Y2099 = datetime(2099, 1, 1, tzinfo=UTC)


async def _stored_tags(session: asyncpg.Connection[asyncpg.Record]) -> set[str]:
    return {found["tag"] for found in await session.fetch("SELECT tag FROM current_tags")}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(history=lying_histories, data=st.data())
async def test_whatever_the_clocks_say_removals_remove_and_what_lies_behind_them_comes_back(
    store: TagStore, session: asyncpg.Connection[asyncpg.Record], history: LyingHistory, data: st.DataObject
) -> None:
    """In batches cut anywhere; a crash delivers the end of the history again, and another one again."""
    await session.execute("TRUNCATE assets, asset_tags, removed_assets")
    starts = [0, *data.draw(st.lists(st.integers(0, len(history)), max_size=3))]
    ends = [*data.draw(st.lists(st.integers(0, len(history)), min_size=len(starts) - 1, max_size=len(starts) - 1))]
    reached = 0
    for start, end in zip(starts, [*ends, len(history)], strict=True):
        # Nobody goes on behind what was never delivered.
        begin = min(start, reached)
        reached = max(reached, end)
        part = history[begin:reached]
        cut = data.draw(st.integers(0, len(part)))
        for batch in (part[:cut], part[cut:]):
            await store.write_batch(batch)

    (kept,) = settle(history).rows or (None,)
    stored = [found["event_id"] for found in await session.fetch("SELECT event_id FROM assets")]
    assert stored == ([] if kept is None else [kept.event_id])


async def test_what_a_sink_still_stores_while_the_next_one_removes_it_is_removed(
    store: TagStore, session: asyncpg.Connection[asyncpg.Record]
) -> None:
    """A sink that was thought dead comes to its end late: its row is not yet seen when the removal looks for it."""
    async with lend(store._pool) as late, late.transaction():
        await _store(late, [row(extracted=1)])
        removing = asyncio.create_task(store.write_batch([tombstone(removed=5)]))
        await eventually(lambda: _waits_or_is_done(session, removing), "the removal waits for what is being stored")
    await removing

    assert await _stored_tags(session) == set()


async def _waits_or_is_done(session: asyncpg.Connection[asyncpg.Record], work: asyncio.Task[None]) -> bool:
    return work.done() or bool(await session.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))


async def test_of_a_topic_that_was_made_anew_the_times_decide(
    store: TagStore, session: asyncpg.Connection[asyncpg.Record]
) -> None:
    """Its offsets begin at zero again: a removal there removes, and an extraction there comes back."""
    old = row(extracted=1, source_partition=0, source_offset=5000)
    await store.write_batch([old])
    await store.write_batch([tombstone(removed=5, place=SourcePlace(0, 3))])
    assert await _stored_tags(session) == set()

    await store.write_batch([tombstone(removed=6, place=SourcePlace(0, 6000))])
    await store.write_batch([row(extracted=7, source_partition=0, source_offset=1)])
    assert await _stored_tags(session) == {"at-7-7"}


async def test_rows_that_a_clock_ahead_left_behind_are_healed_by_the_upgrade(
    store: TagStore, tables: DatabaseConnection, session: asyncpg.Connection[asyncpg.Record]
) -> None:
    """An extraction of 2099 kept every later one out for ever."""
    await store.write_batch([replace(row("y2099"), extracted_at=Y2099), row("fine")])
    await store.write_batch([Tombstone("gone", int(Y2099.timestamp() * 1000))])
    columns = "DROP COLUMN source_partition, DROP COLUMN source_offset"
    for statement in (f"ALTER TABLE assets {columns}", f"ALTER TABLE removed_assets {columns}"):
        await session.execute(statement)
    await session.execute("UPDATE alembic_version SET version_num = '0002'")

    await migrate(tables, to="0003")

    rows = await session.fetch("SELECT asset_id, extracted_at, stored_at FROM assets ORDER BY asset_id")
    assert [found["extracted_at"] == found["stored_at"] for found in rows] == [False, True]
    assert await session.fetchval("SELECT removed_at <= now() FROM removed_assets")

"""What the sink writes for the indexes that lead questions, and what leads its own statements."""

from __future__ import annotations

import asyncpg

from consumer.storage.tables.rows import TaggedRow, TagRow
from consumer.storage.tables.tags import TagStore
from tests.unit.storage.samples import row, tombstone

# Fields of a row that have a table of their own.
NOT_IN_ASSETS = {"tags", "embedding"}


async def test_the_row_of_an_asset_holds_the_best_guess(
    store: TagStore, session: asyncpg.Connection[asyncpg.Record]
) -> None:
    """Nothing is guessed where pixels and names alone speak."""
    measured = (TagRow("color_palettes", "warm", 0.9, "pixels"), TagRow("texture_roles", "icon", 0.8, "names"))
    guessed = (TagRow("object_types", "weapon", 0.75, "clip"), TagRow("materials", "metal", 0.5, "clip"))
    await store.write_batch([row("measured", tags=measured), row("guessed", tags=(*measured, *guessed))])
    found = await session.fetch("SELECT asset_id, guess FROM assets ORDER BY asset_id")
    assert [tuple(each) for each in found] == [("guessed", 0.75), ("measured", None)]


async def test_a_batch_is_found_by_its_keys_however_the_tables_have_grown(
    store: TagStore, session: asyncpg.Connection[asyncpg.Record]
) -> None:
    """Statements that were prepared while the tables were empty, too; nobody has counted their rows since."""
    await store.write_batch([row("first"), tombstone("gone")])
    for table, columns in (
        ("assets", ", ".join(name for name in TaggedRow.__struct_fields__ if name not in {"asset_id", *NOT_IN_ASSETS})),
        ("removed_assets", "removed_at"),
    ):
        await session.execute(
            f"INSERT INTO {table} (asset_id, {columns}) "  # noqa: S608
            f"SELECT asset_id || n, {columns} FROM {table}, generate_series(1, 20000) AS n"
        )

    async def read_whole() -> object:
        await session.execute("SELECT pg_stat_force_next_flush()")
        return await session.fetchval(
            "SELECT sum(seq_tup_read)::bigint FROM pg_stat_user_tables "
            "WHERE schemaname = current_schema() AND relname IN ('assets', 'asset_tags', 'removed_assets')"
        )

    before = await read_whole()
    await store.write_batch([row(f"first{number}", extracted=1) for number in range(300)] + [tombstone("first9000")])
    await store.close()
    assert await read_whole() == before

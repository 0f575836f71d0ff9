"""The words of names, each once: who notes them, and tables of before."""

from __future__ import annotations

import asyncio
import json

from consumer.storage.postgres.database import connect
from consumer.storage.postgres.migrate import migrate
from consumer.storage.tables.search.splitting import words_of
from consumer.storage.tables.tags import TagStore
from schemas.connections import DatabaseConnection
from tests.unit.storage.samples import row, tombstone

NAMED = [
    row("pack/rustySword2.png", source=json.dumps({"container_path": "Assets/Props/T_oakDoor", "game": "Old Woods"})),
    row("pack/01greatsword_n.tga", source=json.dumps({"engine": "unity", "name": "Elm Tree"})),
    row("textures/9f86d081884c7d659a2cfaa0c55ad015.png"),
    row("textures/7face_" + "q" * 41 + ".png"),
    row("Grünes-Gras/剣と盾の絵.png"),
]
WORDS = words_of(NAMED)


async def noted(connection: DatabaseConnection) -> list[str]:
    session = await connect(connection)
    try:
        return [found["word"] for found in await session.fetch(session.sql("SELECT word FROM {schema}.name_words"))]
    finally:
        await session.close()


async def test_words_are_noted_once_whoever_stores_them(database: DatabaseConnection) -> None:
    """Two sinks at once, in different orders, and all again."""
    await migrate(database)
    async with await TagStore.open(database) as one, await TagStore.open(database) as other:
        for _ in range(2):
            await asyncio.gather(
                *(writer.write_batch([item]) for item in NAMED for writer in (one, other)),
                one.write_batch(NAMED),
                other.write_batch(NAMED[::-1]),
            )
        await one.write_batch([tombstone(item.asset_id, removed=10**8) for item in NAMED])
    assert sorted(await noted(database)) == sorted(WORDS)
    assert {"sword", "oak", "01greatsword", "elm", "grünes"} <= WORDS


async def test_tables_of_before_get_the_words_of_what_they_hold(database: DatabaseConnection) -> None:
    """A statement of PostgreSQL takes names apart as the sink does."""
    await migrate(database)
    async with await TagStore.open(database) as store:
        await store.write_batch(NAMED)
    session = await connect(database)
    try:
        await session.execute(session.sql("DROP TABLE {schema}.name_words"))
        await session.execute(session.sql("UPDATE {schema}.alembic_version SET version_num = '0012'"))
        assert (await migrate(database)).found == "0012"
    finally:
        await session.close()
    assert sorted(await noted(database)) == sorted(WORDS)

"""Relations in the tables: leading searches and the gallery by an index, counted, and true whatever comes and goes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs

from consumer.storage.postgres.database import connect
from consumer.storage.postgres.migrate import migrate
from consumer.storage.tables.duplicates.relations import Told, keep_relations, related_assets
from consumer.storage.tables.facets import count_library
from consumer.storage.tables.gallery import GalleryQuery, Sort, gallery_page, gallery_statement
from consumer.storage.tables.reads import TagReader
from consumer.storage.tables.rows import TaggedRow
from consumer.storage.tables.search.filters import SearchFilter
from consumer.storage.tables.search.tag_query import TagQuery
from consumer.storage.tables.tags import TagStore
from schemas import Word
from schemas.connections import DatabaseConnection
from testkit.saying import say
from tests.unit.storage.samples import row, tombstone, with_tags

WALL, HALF, MIRROR, MORE, GONE = (f"{number:064x}" for number in range(1, 6))
LIBRARY = {"wall": WALL, "wall-again": WALL, "half": HALF, "mirror": MIRROR, "alone": f"{9:064x}"}
# What the comparer told: of the wall its half, its mirror image, and one whose texture was removed since.
TOLD = {HALF: "mip-of", MIRROR: "flipped", GONE: "rotated"}
COUNTS = {"identical": 2, "mip-of": 3, "flipped": 3, "any": 4}
EXPECTED = {
    "identical": {"wall", "wall-again"},
    "mip-of": {"wall", "wall-again", "half"},
    "flipped": {"wall", "wall-again", "mirror"},
    "any": {"wall", "wall-again", "half", "mirror"},
    "rotated": set(),
    "never-heard-of": set(),
}


def of(asset_id: str, sha256: str, **fields: Any) -> TaggedRow:
    tags = ("weapon", "vehicle" if asset_id == "alone" else "metal")
    return structs.replace(with_tags(row(asset_id, **fields), *tags), sha256=sha256)


@pytest.fixture
async def reader(tables: DatabaseConnection, store: TagStore) -> AsyncIterator[TagReader]:
    await store.write_batch([of(asset_id, sha256) for asset_id, sha256 in LIBRARY.items()])
    async with await TagReader.open(tables, writes=True) as opened:
        for sha256, relation in TOLD.items():
            await keep_relations(opened, sha256, [Told(WALL, relation, of_this=True)])
        yield opened


async def searched(reader: TagReader, relation: str) -> set[str]:
    query = TagQuery(where=SearchFilter(relation=relation))
    return {match.asset.asset_id for match in await reader.search(query)}


async def shown(reader: TagReader, relation: str, **fields: Any) -> list[str]:
    """Return all pages of a gallery, one texture each."""
    query = GalleryQuery(limit=1, where=SearchFilter(relation=relation), **fields)
    found, after = list[str](), None
    while page := await gallery_page(reader, replace(query, after=after)):
        (after,) = page
        found.append(after.asset_id)
    return found


@pytest.mark.parametrize("relation", EXPECTED)
async def test_a_search_finds_what_has_the_relation_and_what_it_is_of(reader: TagReader, relation: str) -> None:
    assert await searched(reader, relation) == EXPECTED[relation]


@pytest.mark.parametrize("gathered", [0, 5000], ids=["walked", "gathered"])
async def test_a_search_by_tags_finds_them_too(
    reader: TagReader, monkeypatch: pytest.MonkeyPatch, gathered: int
) -> None:
    monkeypatch.setattr("consumer.storage.tables.search.with_tags.MOST_GATHERED", gathered)
    for relation, expected in EXPECTED.items():
        for tags in (("weapon",), ("metal", "weapon")):
            matches = await reader.search(TagQuery(tags, where=SearchFilter(relation=relation)))
            found = [match.asset.asset_id for match in matches]
            assert sorted(found) == sorted(expected)


@pytest.mark.parametrize("is_told_rarely", [True, False], ids=["led by the index", "walked"])
@pytest.mark.parametrize("tags", [(), ("weapon",), ("metal", "weapon")])
async def test_a_gallery_shows_them_in_every_order(
    reader: TagReader, tags: tuple[str, ...], is_told_rarely: bool
) -> None:
    for relation, expected in EXPECTED.items():
        for sort in (Sort.NEWEST, Sort.SUREST, Sort.LEAST_SURE):
            found = await shown(reader, relation, tags=tags, sort=sort, is_told_rarely=is_told_rarely)
            assert sorted(found) == sorted(expected)


async def test_relations_are_counted_whole_and_in_the_sample(reader: TagReader) -> None:
    library = await count_library(reader, 1000)
    sample = library.sample

    assert library.relations == COUNTS
    assert sample.relation_counts(sample.having((), 0.0)) == COUNTS
    assert sample.relation_counts(sample.having((), 0.0, relation="identical")) == {
        **COUNTS,
        **dict.fromkeys(COUNTS, 2),
    }
    assert not sample.having((), 0.0, relation="rotated").any()
    assert not sample.having(("vehicle",), 0.0, relation="any").any()


async def test_pairs_that_a_person_rejected_are_in_none_of_them(reader: TagReader, tables: DatabaseConnection) -> None:
    """It was said of one of the two; equal contents are told of assets, of which nobody said anything."""
    session = await connect(tables)
    await say(session, "mirror", "duplicate_of", WALL, Word.REJECTED)
    await say(session, "wall", "duplicate_of", HALF, Word.REJECTED)
    await session.close()

    assert [await searched(reader, relation) for relation in ("flipped", "mip-of")] == [set(), set()]
    assert await shown(reader, "any") == sorted(EXPECTED["identical"], reverse=True)
    assert (await count_library(reader, 1000)).relations == {"identical": 2, "any": 2}


async def test_what_is_removed_takes_its_relations_along(reader: TagReader, store: TagStore) -> None:
    await store.write_batch([tombstone("wall-again", removed=10**8)])
    assert await searched(reader, "identical") == set()
    assert await searched(reader, "any") == {"wall", "half", "mirror"}

    await store.write_batch([tombstone("wall", removed=10**8)])
    assert await searched(reader, "any") == set()
    assert (await count_library(reader, 1000)).relations == {}


async def test_copies_are_noted_once_whoever_stores_them(
    tables: DatabaseConnection, store: TagStore, reader: TagReader
) -> None:
    """Two sinks at once, each with one of the two assets, and both again."""
    digests = [f"{number:064x}" for number in range(100, 140)]
    async with await TagStore.open(tables) as other:
        for _ in range(2):
            await asyncio.gather(
                *(
                    writer.write_batch([of(f"{name}-{digest[-4:]}", digest)])
                    for digest in digests
                    for name, writer in (("one", store), ("two", other))
                )
            )
    session = await connect(tables)
    noted = await session.fetch(
        session.sql("SELECT sha256 FROM {schema}.texture_relations WHERE sha256 = other_sha256 ORDER BY sha256")
    )
    await session.close()

    assert [found["sha256"] for found in noted] == [WALL, *digests]
    assert len(await shown(reader, "identical")) == 2 + 2 * len(digests)
    assert [item.asset_id for item in await related_assets(reader, "one-0064", 10)] == ["two-0064"]


async def test_a_rare_relation_is_not_looked_for_in_all_textures(
    session: Any,
) -> None:
    """An index gives its textures, in whatever order they are asked for."""
    for sort, tags in ((Sort.NEWEST, ()), (Sort.SUREST, ("weapon",)), (Sort.LEAST_SURE, ())):
        query = GalleryQuery(tags, sort=sort, where=SearchFilter(relation="flipped"))
        statement, arguments = gallery_statement(query)
        async with session.transaction():
            await session.execute("SET LOCAL enable_seqscan = off")
            plan = await session.fetchval(f"EXPLAIN (FORMAT JSON) {session.sql(statement)}", *arguments)
        used = {node.get("Index Name") for node in nodes(json.loads(plan)[0]["Plan"])}
        assert "texture_relations_by_name" in used
        assert "assets_newest" not in used


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for child in plan.get("Plans", ()) for node in nodes(child))]


async def test_tables_of_before_are_told_what_several_assets_have(database: DatabaseConnection) -> None:
    await migrate(database)
    async with await TagStore.open(database) as store:
        await store.write_batch([of(asset_id, sha256) for asset_id, sha256 in LIBRARY.items()])
    session = await connect(database)
    try:
        for statement in (
            "DROP INDEX {schema}.texture_relations_by_name",
            "DROP INDEX {schema}.asset_tags_apart",
            "DROP INDEX {schema}.assets_by_content",
            "CREATE INDEX assets_sha256 ON {schema}.assets (sha256)",
            "DELETE FROM {schema}.texture_relations",
            "DROP TABLE {schema}.name_words",
            "ALTER TABLE {schema}.assets DROP COLUMN guess",
            "CREATE INDEX asset_tags_guesses ON {schema}.asset_tags (confidence)",
            "UPDATE {schema}.alembic_version SET version_num = '0010'",
        ):
            await session.execute(session.sql(statement))
        assert (await migrate(database)).found == "0010"
    finally:
        await session.close()
    async with await TagReader.open(database) as reader:
        assert await searched(reader, "identical") == EXPECTED["identical"]

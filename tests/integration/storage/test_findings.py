"""Findings in the tables: beside their asset, a row each in a view, leading searches and the gallery."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs

from consumer.storage.postgres.database import connect
from consumer.storage.postgres.migrate import migrate
from consumer.storage.tables.facets import count_library
from consumer.storage.tables.gallery import GalleryQuery, Place, Sort, gallery_page
from consumer.storage.tables.reads import TagReader
from consumer.storage.tables.rows import TaggedRow
from consumer.storage.tables.search.filters import SearchFilter
from consumer.storage.tables.search.tag_query import TagQuery
from consumer.storage.tables.tags import TagStore
from schemas.connections import DatabaseConnection
from tests.unit.storage.samples import tagged, tombstone

HALO = {"id": "AEG203", "name": "halo", "severity": "warning", "value": 0.5}
UNUSED = {"id": "AEG201", "name": "alpha-unused", "severity": "warning", "value": 255}
DIRECTX = {"id": "AEG302", "name": "normal-directx", "severity": "info"}
LIBRARY: dict[str, list[dict[str, Any]] | None] = {
    "game/clean": [],
    "game/halo": [HALO],
    "game/normal": [DIRECTX],
    "game/unseen": None,
    "game/worst": [UNUSED, HALO],
}


def row(asset_id: str, findings: list[dict[str, Any]] | None, **fields: Any) -> TaggedRow:
    given = {} if findings is None else {"findings": findings}
    made = tagged(asset_id=asset_id, **given)
    return structs.replace(made, **fields)


@pytest.fixture
async def reader(tables: DatabaseConnection, store: TagStore) -> AsyncIterator[TagReader]:
    await store.write_batch([row(asset_id, findings) for asset_id, findings in LIBRARY.items()])
    async with await TagReader.open(tables) as opened:
        yield opened


async def shown(reader: TagReader, sort: Sort, *findings: str, tags: tuple[str, ...] = ()) -> list[str]:
    """Return all pages of a gallery, one texture each."""
    where = SearchFilter(findings=findings)
    query, found, after = GalleryQuery(tags, sort=sort, limit=1, where=where), list[str](), None
    while page := await gallery_page(reader, replace(query, after=after)):
        found.append(page[0].asset_id)
        after = Place(page[0].value, page[0].asset_id)
    return found


async def test_a_row_for_each_finding_goes_with_its_asset(tables: DatabaseConnection, store: TagStore) -> None:
    session = await connect(tables)
    rows = "SELECT id, name, severity, value FROM {schema}.asset_findings WHERE asset_id = 'a' ORDER BY id"
    await store.write_batch([row("a", [UNUSED, DIRECTX])])
    first = [tuple(found) for found in await session.fetch(session.sql(rows))]
    later = row("a", [HALO])
    await store.write_batch([structs.replace(later, tagged_at=later.tagged_at.replace(year=2027))])
    second = [tuple(found) for found in await session.fetch(session.sql(rows))]
    await store.write_batch([tombstone("a", removed=10**8)])
    third = await session.fetch(session.sql(rows))
    await session.close()

    assert first == [("AEG201", "alpha-unused", "warning", 255), ("AEG302", "normal-directx", "info", None)]
    assert second == [("AEG203", "halo", "warning", 0.5)]
    assert third == []


async def test_what_was_not_looked_over_is_told_from_what_has_nothing(reader: TagReader) -> None:
    details = {asset_id: await reader.asset(asset_id) for asset_id in LIBRARY}
    found = {asset_id: detail.fields["findings"] for asset_id, detail in details.items() if detail}
    summaries = await reader.summaries(list(LIBRARY))

    assert found == LIBRARY
    assert summaries["game/unseen"].findings is None
    assert summaries["game/clean"].findings == ()
    assert summaries["game/worst"].findings == ("alpha-unused", "halo")


async def test_a_search_asks_for_all_of_its_findings(reader: TagReader) -> None:
    async def found(*names: str) -> set[str]:
        query = TagQuery(where=SearchFilter(findings=names))
        return {match.asset.asset_id for match in await reader.search(query)}

    assert await found("halo") == {"game/halo", "game/worst"}
    assert await found("halo", "alpha-unused") == {"game/worst"}
    assert await found("normal-directx") == {"game/normal"}
    assert await found("banding") == set()


async def test_a_gallery_shows_those_with_the_findings_in_every_order(reader: TagReader) -> None:
    """Facts are no faults: a normal map's convention brings no texture to the front."""
    for tags in ((), ("weapon",)):
        assert await shown(reader, Sort.MOST_FINDINGS, tags=tags) == ["game/worst", "game/halo"]
        assert await shown(reader, Sort.MOST_FINDINGS, "alpha-unused", tags=tags) == ["game/worst"]
        for sort in (Sort.NEWEST, Sort.SUREST, Sort.LEAST_SURE):
            assert sorted(await shown(reader, sort, "halo", tags=tags)) == ["game/halo", "game/worst"]
            assert await shown(reader, sort, "normal-directx", tags=tags) == ["game/normal"]


async def test_findings_are_counted_whole_and_in_the_sample(reader: TagReader) -> None:
    library = await count_library(reader, 1000)

    assert library.findings == {"halo": 2, "alpha-unused": 1, "normal-directx": 1}
    everything = library.sample.having((), 0.0)
    assert library.sample.finding_counts(everything) == library.findings
    assert library.sample.finding_counts(library.sample.having((), 0.0, ("alpha-unused",))) == {
        "alpha-unused": 1,
        "halo": 1,
    }
    assert not library.sample.having((), 0.0, ("banding",)).any()


async def test_tables_of_before_are_migrated_with_what_they_hold(database: DatabaseConnection) -> None:
    """Their textures were not looked over."""
    await migrate(database)
    async with await TagStore.open(database) as store:
        await store.write_batch([row("old", None)])
    session = await connect(database)
    try:
        for statement in (
            "ALTER TABLE {schema}.assets DROP COLUMN tag_names, DROP COLUMN guess",
            "CREATE INDEX asset_tags_guesses ON {schema}.asset_tags (confidence)",
            "DROP TABLE {schema}.name_words",
            "DROP VIEW {schema}.asset_relations",
            "DROP TABLE {schema}.texture_relations",
            "DROP INDEX {schema}.asset_tags_apart",
            "DROP INDEX {schema}.assets_by_content",
            "CREATE INDEX assets_sha256 ON {schema}.assets (sha256)",
            "DROP TABLE {schema}.texture_hashes",
            "DROP VIEW {schema}.asset_findings",
            "ALTER TABLE {schema}.assets DROP COLUMN findings, DROP COLUMN finding_names, DROP COLUMN faults",
            "UPDATE {schema}.alembic_version SET version_num = '0006'",
        ):
            await session.execute(session.sql(statement))
        assert (await migrate(database)).found == "0006"
        kept = await session.fetchrow(session.sql("SELECT asset_id, findings, faults FROM {schema}.assets"))
        assert kept is not None
        assert tuple(kept) == ("old", None, None)
        named, guess = await session.fetchrow(session.sql("SELECT tag_names, guess FROM {schema}.assets"))
        assert sorted(named) == sorted(tag.tag for tag in row("old", None).tags) != []
        assert guess == pytest.approx(row("old", None).guess)
    finally:
        await session.close()
    async with await TagStore.open(database) as store, await TagReader.open(database) as reader:
        await store.write_batch([row("new", [HALO])])
        assert await shown(reader, Sort.MOST_FINDINGS) == ["new"]

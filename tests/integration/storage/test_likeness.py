"""What looks alike: as many assets as are asked for, whatever else the index holds."""

from __future__ import annotations

from collections.abc import AsyncIterator

import numpy as np
import pytest
from msgspec.structs import replace

from consumer.storage.postgres.migrate import migrate
from consumer.storage.tables.likeness import LikeQuery, like
from consumer.storage.tables.reads import TagReader
from consumer.storage.tables.rows import TaggedRow
from consumer.storage.tables.tags import TagStore
from schemas.connections import DatabaseConnection
from tests.unit.storage.samples import MODEL, row

DIM = 64
_RNG = np.random.default_rng(1)
BASE = _RNG.normal(size=DIM)


@pytest.fixture
async def store(database: DatabaseConnection) -> AsyncIterator[TagStore]:
    await migrate(database)
    async with await TagStore.open(database) as opened:
        yield opened


def near(asset_id: str, spread: float, *, extracted: float = 0) -> TaggedRow:
    """Return a row so far from BASE, of a content of its own."""
    vector = BASE + spread * _RNG.normal(size=DIM)
    content = f"{_RNG.integers(2**62):064x}"
    return replace(
        row(asset_id, extracted=extracted),
        sha256=content,
        embedding=(vector / np.linalg.norm(vector)).astype(np.float16),
    )


async def found(database: DatabaseConnection, limit: int) -> list[str]:
    async with await TagReader.open(database) as reader:
        matches = await like(reader, LikeQuery(BASE / np.linalg.norm(BASE), MODEL, limit))
    assert [match.similarity for match in matches] == sorted((match.similarity for match in matches), reverse=True)
    return [match.asset.asset_id for match in matches]


async def test_contents_that_no_asset_has_any_more_take_no_place(store: TagStore, database: DatabaseConnection) -> None:
    """One asset was extracted 500 times; each time its former content stays behind, nearer than all other assets."""
    await store.write_batch([near(f"other-{number}", 2) for number in range(300)])
    for number in range(500):
        await store.write_batch([near("hero", 0.05, extracted=number)])
    await store.embeddings_settled()
    for limit in (5, 20, 301):
        assets = await found(database, limit)
        assert assets[0] == "hero"
        assert len(set(assets)) == limit
    assert len(await found(database, 1000)) == 301


async def test_equal_vectors_hide_nothing(store: TagStore, database: DatabaseConnection) -> None:
    """Two thousand blank textures, alike to the bit in the model's eyes though their files differ; most are gone."""
    blank = near("blank", 0)
    await store.write_batch([near(f"other-{number}", 2) for number in range(100)])
    contents = [replace(blank, asset_id=f"blank-{number}", sha256=f"{number:064x}") for number in range(2000)]
    await store.write_batch(contents)
    await store.write_batch(
        [near(entry.asset_id, 2, extracted=1) for entry in contents[10:]],
    )
    await store.embeddings_settled()
    assets = await found(database, 50)
    assert sorted(assets[:10]) == sorted(f"blank-{number}" for number in range(10))
    assert len(set(assets)) == 50


async def test_of_equal_contents_each_asset_is_found(store: TagStore, database: DatabaseConnection) -> None:
    shared = near("a", 0.1)
    await store.write_batch([replace(shared, asset_id=f"copy-{number:02d}") for number in range(30)] + [near("b", 1)])
    await store.embeddings_settled()
    assert await found(database, 20) == [f"copy-{number:02d}" for number in range(20)]
    assert len(await found(database, 40)) == 31

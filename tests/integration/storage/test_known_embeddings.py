"""Embeddings are found by content, model and precision, wherever on their way into the index they are."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from consumer.storage.errors import DatabaseUnavailableError
from consumer.storage.postgres.migrate import migrate
from consumer.storage.tables.known_embeddings import KnownEmbeddings
from consumer.storage.tables.tags import TagStore
from schemas.connections import DatabaseConnection
from tests.unit.storage.samples import MODEL, embedding, row


@pytest.fixture
async def store(database: DatabaseConnection) -> AsyncIterator[TagStore]:
    await migrate(database)
    async with await TagStore.open(database) as opened:
        yield opened


@pytest.fixture
async def known(database: DatabaseConnection) -> AsyncIterator[KnownEmbeddings]:
    opened = await KnownEmbeddings.open(database, MODEL, "int8")
    yield opened
    await opened.close()


async def test_what_was_stored_is_found_bit_by_bit_before_and_after_it_is_indexed(
    store: TagStore, known: KnownEmbeddings
) -> None:
    stored = row(sha256="a" * 64, embedding=embedding(5))
    await store.write_batch([stored])

    at_once = await known.find(["a" * 64, "b" * 64])
    await store.embeddings_settled()
    settled = await known.find(["a" * 64, "b" * 64])

    for found in (at_once, settled):
        assert found.keys() == {"a" * 64}
        assert found["a" * 64].tobytes() == stored.embedding.tobytes()


async def test_another_model_or_precision_is_another_embedding(store: TagStore, known: KnownEmbeddings) -> None:
    await store.write_batch(
        [
            row("one", sha256="a" * 64, model_precision="fp32"),
            row("other", sha256="b" * 64, model_digest="sha256:" + "c" * 64),
        ]
    )

    assert await known.find(["a" * 64, "b" * 64]) == {}


async def test_the_precision_that_was_used_last_is_kept(store: TagStore, known: KnownEmbeddings) -> None:
    """Of one content a model has one embedding, so that a search for what looks alike finds each asset once."""
    first = row(sha256="a" * 64, model_precision="fp32", embedding=embedding(1))
    await store.write_batch([first])
    await store.embeddings_settled()

    await store.write_batch([replace(row(extracted=1), sha256="a" * 64, embedding=embedding(2))])
    await store.embeddings_settled()

    assert (await known.find(["a" * 64]))["a" * 64].tobytes() == embedding(2).tobytes()


async def test_tables_that_are_not_there_are_an_outage(known: KnownEmbeddings) -> None:
    with pytest.raises(DatabaseUnavailableError, match="aegis db migrate"):
        await known.find(["a" * 64])

"""How many embeddings wait for the index is told, so that an operator sees a queue that no longer shrinks."""

from __future__ import annotations

import asyncpg

from consumer.storage.tables.tags import TagStore
from schemas.connections import DatabaseConnection
from testkit.kafka_tools import eventually
from tests.unit.storage.samples import MODEL

_WAITING = """
INSERT INTO embeddings_incoming (sha256, model_digest, precision, embedding)
SELECT number::text, $1, 'fp32', public.halfvec '[1, 0, 0]' FROM generate_series(1, $2) AS number
"""


async def test_the_length_of_the_queue_is_told_until_it_is_empty(
    tables: DatabaseConnection, session: asyncpg.Connection[asyncpg.Record]
) -> None:
    """After the first chunk of 200, then every few seconds."""
    await session.execute(_WAITING, MODEL, 500)
    heard: list[int] = []

    async with await TagStore.open(tables, heard.append):
        await eventually(lambda: 0 in heard, "the queue is empty", 60)

    assert heard[0] == 300
    assert heard == sorted(heard, reverse=True)

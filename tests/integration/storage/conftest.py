"""Migrated tables, a store that writes them, and a session that looks."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from consumer.storage.postgres.database import connect
from consumer.storage.postgres.migrate import migrate
from consumer.storage.tables.tags import TagStore
from schemas.connections import DatabaseConnection


@pytest.fixture
async def tables(database: DatabaseConnection) -> DatabaseConnection:
    await migrate(database)
    return database


@pytest.fixture
async def store(tables: DatabaseConnection) -> AsyncIterator[TagStore]:
    async with await TagStore.open(tables) as opened:
        yield opened


@pytest.fixture
async def session(tables: DatabaseConnection) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    opened = await connect(tables)
    yield opened
    await opened.close()

"""Moments as they come back from the tables, on the real PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from consumer.storage.postgres.database import connect
from schemas.connections import DatabaseConnection

_FIRST = datetime.min.replace(tzinfo=UTC)
_LAST = datetime.max.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "moment",
    [
        _FIRST,
        _FIRST + timedelta(microseconds=1),
        datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC),
        datetime(2026, 2, 28, 12, tzinfo=timezone(timedelta(hours=5, minutes=45))),
        _LAST,
    ],
)
async def test_every_moment_comes_back_as_it_was(database: DatabaseConnection, moment: datetime) -> None:
    session = await connect(database)
    try:
        found = await session.fetchval("SELECT $1::timestamptz", moment)
        text = await session.fetchval("SELECT extract(year FROM $1::timestamptz AT TIME ZONE 'UTC')", moment)
        listed = await session.fetchval("SELECT $1::timestamptz[]", [moment, None])
    finally:
        await session.close()
    assert (found, found.tzinfo) == (moment, UTC)
    assert listed == [moment, None]
    assert text == moment.astimezone(UTC).year


@pytest.mark.parametrize(("told", "read"), [("-infinity", _FIRST), ("infinity", _LAST), ("4714-11-24 BC", _FIRST)])
async def test_what_python_cannot_say_is_the_nearest(database: DatabaseConnection, told: str, read: datetime) -> None:
    session = await connect(database)
    try:
        assert await session.fetchval(f"SELECT '{told}'::timestamptz") == read
    finally:
        await session.close()

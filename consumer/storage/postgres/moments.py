"""PostgreSQL's timestamptz as aware datetimes, the first and the last that Python knows included.

asyncpg 0.32 sends these two as the infinities, and reads the infinities as datetimes without a time zone.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

# In microseconds from it PostgreSQL says a moment.
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_FIRST: Final = datetime.min.replace(tzinfo=UTC)
_LAST: Final = datetime.max.replace(tzinfo=UTC)
_FIRST_MICROSECONDS: Final = (_FIRST - _EPOCH) // _MICROSECOND
_LAST_MICROSECONDS: Final = (_LAST - _EPOCH) // _MICROSECOND


async def read_moments(session: Any) -> None:
    """Let a session take and give aware datetimes for timestamptz; what is beyond Python's years is the nearest."""
    await session.set_type_codec("timestamptz", schema="pg_catalog", encoder=_encode, decoder=_decode, format="tuple")


def _encode(moment: datetime) -> tuple[int]:
    since = moment - _EPOCH
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds,)


def _decode(told: tuple[int]) -> datetime:
    (microseconds,) = told
    if microseconds <= _FIRST_MICROSECONDS:
        return _FIRST
    if microseconds >= _LAST_MICROSECONDS:
        return _LAST
    return _EPOCH + timedelta(microseconds=microseconds)

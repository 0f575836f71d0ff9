"""When an event counts as having happened: never after its record was written, whatever its writer's clock says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.services.clocks import PASSED_ON_SLACK, epoch_ms, held_to
from schemas.headers import CAUSED_BY, SourcePlace, caused_by, with_caused_by
from tests.unit.schemas.strategies import moments, raw_headers

T0 = datetime(2026, 1, 1, tzinfo=UTC)
T0_MS = 1_767_225_600_000
_timestamps = st.integers(0, 4_102_444_800_000)
_slacks = st.sampled_from([timedelta(0), PASSED_ON_SLACK])


@given(stated=moments, timestamp_ms=_timestamps, slack=_slacks)
def test_an_event_counts_as_stated_or_as_its_record_was_written(
    stated: datetime, timestamp_ms: int, slack: timedelta
) -> None:
    """The latter if, and only if, it says that it happened later than that."""
    held = held_to(stated, timestamp_ms, slack)

    written_at = datetime.fromtimestamp(timestamp_ms / 1000, UTC)
    assert held == (written_at if stated - written_at > slack else stated)


@given(stated=moments, timestamp_ms=_timestamps, slack=_slacks)
def test_holding_twice_changes_nothing(stated: datetime, timestamp_ms: int, slack: timedelta) -> None:
    """So a record that is delivered again, replayed or redriven with its own time counts as it did before."""
    once = held_to(stated, timestamp_ms, slack)
    assert held_to(once, timestamp_ms, slack) == once


@given(
    lies=st.lists(st.timedeltas(timedelta(0), timedelta(days=30_000)), min_size=1, max_size=5),
    gap_ms=st.integers(1, 10_000),
)
def test_no_clock_ahead_keeps_a_later_event_out(lies: list[timedelta], gap_ms: int) -> None:
    """Whatever was stated before, an event that happened after those records were written is the newest."""
    earlier = [held_to(T0 + lie, T0_MS) for lie in lies]
    later = held_to(T0 + timedelta(milliseconds=gap_ms), T0_MS + gap_ms + 5)
    assert later > max(earlier)


@pytest.mark.parametrize("timestamp_ms", [-1, -(2**62), 2**62, 10**15])
def test_a_record_without_a_time_that_is_a_date_holds_nothing(timestamp_ms: int) -> None:
    assert held_to(T0, timestamp_ms) == T0


@given(stated=moments)
def test_milliseconds_are_whole_and_rounded_down(stated: datetime) -> None:
    assert (
        timedelta(0)
        <= stated - datetime(1970, 1, 1, tzinfo=UTC) - timedelta(milliseconds=epoch_ms(stated))
        < timedelta(milliseconds=1)
    )


@given(headers=raw_headers, partition=st.integers(0, 10**6), offset=st.integers(0, 10**15))
def test_a_removal_says_where_it_lies(
    headers: tuple[tuple[str, bytes | None], ...], partition: int, offset: int
) -> None:
    """Its own headers go with it; what another writer put under this name does not."""
    given_headers = (*headers, (CAUSED_BY, b"a lie"))
    passed_on = with_caused_by(given_headers, "prefix.asset-extracted", SourcePlace(partition, offset))

    assert caused_by(passed_on) == SourcePlace(partition, offset)
    assert passed_on[:-1] == tuple(item for item in headers if item[0] != CAUSED_BY)


@pytest.mark.parametrize("text", [b"", b"topic/1", b"topic/x/1", b"topic/-1/1", b"topic/1/" + b"9" * 30, b"\xff"])
def test_a_place_that_is_none_is_not_known(text: bytes) -> None:
    assert caused_by(((CAUSED_BY, text),)) is None
    assert caused_by(()) is None

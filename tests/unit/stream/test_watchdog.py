"""A silent stall is told apart from idleness, work and outages."""

from __future__ import annotations

import pytest

from consumer.stream.watchdog import StalledError, Watchdog


def test_lag_without_activity_for_long_enough_is_a_stall() -> None:
    """The reason names how many records wait and for how long."""
    watchdog = Watchdog(stall_seconds=60)
    watchdog.observe(now=1000, activity=5, lag_records=7)
    watchdog.observe(now=1059, activity=5, lag_records=7)

    with pytest.raises(StalledError, match=r"7 records are waiting.*60 s"):
        watchdog.observe(now=1060, activity=5, lag_records=7)


@pytest.mark.parametrize("lag_records", [0, None])
def test_no_known_lag_is_no_stall(lag_records: int | None) -> None:
    """An idle topic is fine, and a broker that does not answer is an outage, not a stall."""
    watchdog = Watchdog(stall_seconds=60)

    for now in (0, 100, 200):
        watchdog.observe(now=now, activity=5, lag_records=lag_records)


def test_activity_starts_the_clock_anew() -> None:
    """Slow work is work."""
    watchdog = Watchdog(stall_seconds=60)

    for step in range(5):
        watchdog.observe(now=50 * step, activity=step, lag_records=1000)


def test_lag_that_vanishes_in_between_starts_the_clock_anew() -> None:
    """Only unbroken lag counts."""
    watchdog = Watchdog(stall_seconds=60)
    watchdog.observe(now=0, activity=1, lag_records=5)
    watchdog.observe(now=50, activity=1, lag_records=0)

    watchdog.observe(now=100, activity=1, lag_records=5)

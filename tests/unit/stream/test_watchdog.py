"""A silent stall is told apart from idleness, work and outages."""

from __future__ import annotations

import pytest

from consumer.stream.watchdog import StalledError, Watchdog


def test_lag_without_activity_for_long_enough_is_a_stall() -> None:
    """The reason names how many records wait and for how long."""
    watchdog = Watchdog(stall_seconds=60)
    watchdog.observe(now=1000, activity=5, expected="7 records are waiting")
    watchdog.observe(now=1059, activity=5, expected="7 records are waiting")

    with pytest.raises(StalledError, match=r"7 records are waiting.*60 s"):
        watchdog.observe(now=1060, activity=5, expected="7 records are waiting")


def test_nothing_expected_is_no_stall() -> None:
    """An idle topic is fine, and a broker that does not answer is an outage, not a stall."""
    watchdog = Watchdog(stall_seconds=60)

    for now in (0, 100, 200):
        watchdog.observe(now=now, activity=5, expected=None)


def test_activity_starts_the_clock_anew() -> None:
    """Slow work is work."""
    watchdog = Watchdog(stall_seconds=60)

    for step in range(5):
        watchdog.observe(now=50 * step, activity=step, expected="lag")


def test_an_expectation_that_vanishes_in_between_starts_the_clock_anew() -> None:
    """Only an unbroken one counts."""
    watchdog = Watchdog(stall_seconds=60)
    watchdog.observe(now=0, activity=1, expected="lag")
    watchdog.observe(now=50, activity=1, expected=None)

    watchdog.observe(now=100, activity=1, expected="lag")

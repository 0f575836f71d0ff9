"""The breaker opens on a systemic fault, not on scattered poison, and finds out when it is over."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from consumer.stream.failures.breaker import Breaker, BreakerLimits, BreakerState

LIMITS = BreakerLimits(window=10, failed_fraction=0.5, in_a_row=20, cool_down_seconds=30)


def _opened(now: float = 0.0) -> Breaker:
    breaker = Breaker(LIMITS)
    for _ in range(LIMITS.window):
        breaker.failed(now)
    assert breaker.state is BreakerState.OPEN
    return breaker


@given(outcomes=st.lists(st.booleans(), max_size=9))
def test_too_few_records_never_open_it(outcomes: list[bool]) -> None:
    """A handful of records is no evidence, even if all of them failed."""
    breaker = Breaker(LIMITS)
    for failed in outcomes:
        if failed:
            breaker.failed(now=0)
        else:
            breaker.succeeded()

    assert breaker.admits(now=0, in_flight=5)


def test_exactly_half_is_not_more_than_half() -> None:
    """The limit is "more than 50 %"."""
    breaker = Breaker(LIMITS)
    for _ in range(5):
        breaker.succeeded()
    for _ in range(5):
        breaker.failed(now=0)
    assert breaker.admits(now=0, in_flight=5)

    breaker.failed(now=0)

    assert breaker.state is BreakerState.OPEN


def test_old_outcomes_leave_the_window() -> None:
    """Failures of long ago do not count against today's records."""
    breaker = Breaker(LIMITS)
    for _ in range(5):
        breaker.failed(now=0)
    for _ in range(10):
        breaker.succeeded()
    for _ in range(5):
        breaker.failed(now=0)

    assert breaker.state is BreakerState.CLOSED


def test_many_failures_in_a_row_open_it_whatever_the_fraction() -> None:
    """With a window too lenient to notice, the row of failures still does."""
    breaker = Breaker(BreakerLimits(window=1000, failed_fraction=1.0, in_a_row=3))
    breaker.failed(now=0)
    breaker.failed(now=0)
    assert breaker.admits(now=0, in_flight=5)

    breaker.failed(now=0)

    assert breaker.state is BreakerState.OPEN


def test_a_success_breaks_the_row() -> None:
    """Only failures one after another count as a row."""
    breaker = Breaker(BreakerLimits(window=1000, failed_fraction=1.0, in_a_row=2))
    breaker.failed(now=0)
    breaker.succeeded()
    breaker.failed(now=0)

    assert breaker.state is BreakerState.CLOSED


def test_open_admits_nothing_until_the_cool_down_is_over() -> None:
    """Intake stands still while it is open."""
    breaker = _opened(now=100)

    assert not breaker.admits(now=129.9, in_flight=0)
    assert breaker.admits(now=130, in_flight=0)
    assert breaker.state is BreakerState.HALF_OPEN


def test_half_open_admits_one_record_at_a_time() -> None:
    """While the probe is under way, nothing else comes in."""
    breaker = _opened()
    assert breaker.admits(now=30, in_flight=0)

    assert not breaker.admits(now=31, in_flight=1)


def test_a_successful_probe_closes_it_and_forgets_the_past() -> None:
    """The old failures do not open it again at once."""
    breaker = _opened()
    breaker.admits(now=30, in_flight=0)

    breaker.succeeded()
    breaker.failed(now=31)

    assert breaker.state is BreakerState.CLOSED


def test_a_failed_probe_opens_it_for_another_cool_down() -> None:
    """One dead letter per cool-down is the most that a systemic fault can cause."""
    breaker = _opened()
    breaker.admits(now=30, in_flight=0)

    breaker.failed(now=40)

    assert not breaker.admits(now=69, in_flight=0)
    assert breaker.admits(now=70, in_flight=0)


def test_a_late_success_while_open_does_not_close_it() -> None:
    """Where more than half fail, some succeed: closing at the first of them would flood the dead-letter topic."""
    breaker = _opened(now=0)

    breaker.succeeded()

    assert breaker.state is BreakerState.OPEN
    assert not breaker.admits(now=29, in_flight=0)


def test_half_of_the_records_failing_for_long_costs_few_dead_letters() -> None:
    """One window of them, then one record a cool-down, until a probe happens to succeed."""
    breaker = Breaker(LIMITS)
    now, failed = 0.0, 0
    for number in range(10_000):
        now += 0.01
        if not breaker.admits(now, in_flight=0):
            continue
        if number % 10 < 6:
            breaker.failed(now)
            failed += 1
        else:
            breaker.succeeded()

    assert failed <= (LIMITS.window + 1) * (1 + now / LIMITS.cool_down_seconds)


def test_late_failures_while_open_do_not_prolong_it() -> None:
    """What was in flight when it opened says nothing new."""
    breaker = _opened(now=0)

    breaker.failed(now=29)

    assert breaker.admits(now=30, in_flight=0)

"""Backoff grows, is jittered, and is bounded."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from consumer.concurrency.backoff import Backoff


@given(attempt=st.integers(min_value=1, max_value=10_000), seed=st.integers())
def test_delays_lie_between_half_and_all_of_a_doubling_ceiling(attempt: int, seed: int) -> None:
    """Never zero, never above the cap, however long the outage."""
    backoff = Backoff(first_seconds=0.2, cap_seconds=15)
    ceiling = min(15, 0.2 * 2 ** min(attempt - 1, 20))

    delay = backoff.delay_seconds(attempt, random.Random(seed))

    assert ceiling / 2 <= delay <= ceiling


def test_two_processes_do_not_retry_in_step() -> None:
    """Equal attempts give different delays."""
    backoff = Backoff()

    assert len({backoff.delay_seconds(5) for _ in range(20)}) > 1

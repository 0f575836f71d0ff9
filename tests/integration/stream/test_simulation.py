"""The promises of docs/delivery.md, under two thousand drawn courses of faults in virtual time."""

from __future__ import annotations

import os

import pytest

from tests.simulation.fleet import simulate

SEEDS = 2000


@pytest.mark.timeout(1200)
def test_no_promise_is_broken() -> None:
    summary = simulate(range(SEEDS), os.cpu_count() or 1)

    assert summary.failed == [], "\n\n".join(summary.stories)
    assert summary.seeds == SEEDS

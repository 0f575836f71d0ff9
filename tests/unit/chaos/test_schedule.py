"""The faults of a run: all of them, spread at random, the same for the same seed."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.chaos.scenario import FULL, SERVICES, SHORT, Scenario
from tests.chaos.schedule import Fault, FaultKind, plan

SCENARIOS = st.sampled_from([FULL, SHORT])
SEEDS = st.integers(0, 2**32)


@given(scenario=SCENARIOS, seed=SEEDS)
def test_every_process_and_service_gets_all_its_faults(scenario: Scenario, seed: int) -> None:
    counted = Counter((fault.target, fault.kind) for fault in plan(scenario, seed))

    assert counted == {
        **{(name, FaultKind.KILL): scenario.kills_each for name in scenario.processes},
        **{(name, FaultKind.STOP): 1 for name in scenario.processes},
        **{(name, kind): 1 for name in SERVICES for kind in (FaultKind.KILL, FaultKind.OUTAGE)},
    }


@given(scenario=SCENARIOS, seed=SEEDS)
def test_faults_come_in_order_within_the_load_and_do_not_overlap_on_one_target(scenario: Scenario, seed: int) -> None:
    faults = plan(scenario, seed)

    assert list(faults) == sorted(faults)
    assert faults[0].at_seconds >= 0
    assert all(fault.ends_at_seconds <= scenario.load_seconds for fault in faults)
    for target in (*scenario.processes, *SERVICES):
        own = [fault for fault in faults if fault.target == target]
        assert all(before.ends_at_seconds < after.at_seconds for before, after in pairwise(own))


@given(scenario=SCENARIOS, seed=SEEDS)
def test_one_service_is_away_at_a_time(scenario: Scenario, seed: int) -> None:
    own = [fault for fault in plan(scenario, seed) if fault.is_service]

    assert all(before.ends_at_seconds < after.at_seconds for before, after in pairwise(own))


@given(seed=SEEDS)
def test_a_seed_gives_the_same_run_again_and_another_seed_another(seed: int) -> None:
    assert plan(FULL, seed) == plan(FULL, seed)
    assert plan(FULL, seed) != plan(FULL, seed + 1)


def test_faults_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        plan(replace(SHORT, load_seconds=10), 0)


def test_a_fault_ends_after_its_time() -> None:
    assert Fault(2, FaultKind.STOP, "sink-1", 3).ends_at_seconds == 5
    assert not Fault(2, FaultKind.STOP, "sink-1", 3).is_service
    assert Fault(2, FaultKind.KILL, "kafka").is_service


def test_a_part_of_the_processes_has_names_in_their_groups() -> None:
    """So that both ways to come back are tried."""
    names = [name for name in FULL.processes if FULL.is_static(name)]

    assert names == ["tagger-1", "sink-1", "comparer-1"]
    assert len(FULL.processes) == 7

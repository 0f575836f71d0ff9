"""A simulation does the same again, notices what is broken, and tells it in few words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from consumer.stream.partitions.ledger import OffsetLedger
from tests.simulation.fleet import run_seeds, simulate
from tests.simulation.plan import Plan, make_plan
from tests.simulation.promises import Promise
from tests.simulation.run import run
from tests.simulation.shrink import replay, shrink, story
from tests.simulation.world.reviewer import Reviewer

SEEDS = range(6)


@pytest.fixture
def broken_ledger(monkeypatch: pytest.MonkeyPatch) -> None:
    """A ledger that gives what was received for finished."""
    newest = property(lambda ledger: None if ledger._newest is None else ledger._newest + 1)
    monkeypatch.setattr(OffsetLedger, "committable", newest)


def test_the_same_seed_is_the_same_plan() -> None:
    assert [make_plan(seed) for seed in SEEDS] == [make_plan(seed) for seed in SEEDS]
    assert len({make_plan(seed).records for seed in SEEDS}) == len(SEEDS)


def test_a_seed_does_the_same_in_every_process_and_in_any_company() -> None:
    together, alone = simulate(SEEDS, 1), simulate(range(5, 6), 1)

    assert together.fingerprints[5] == alone.fingerprints[5]


def test_what_is_broken_is_noticed_and_shrunk(broken_ledger: None) -> None:
    outcome = run(make_plan(0))
    assert outcome.violations[0].promise is Promise.NOTHING_LOST

    smallest = shrink(outcome)

    assert smallest.breaks(Promise.NOTHING_LOST)
    assert len(smallest.plan.records) <= 3
    assert replay(0) in story(smallest)
    assert "is committed" in story(smallest)


def test_a_fault_of_the_simulation_itself_is_no_success(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Reviewer, "say", fail)
    reviewed = next(plan for plan in map(make_plan, range(100)) if plan.verdicts)

    assert "ZeroDivisionError" in run(reviewed).violations[0].text


def test_of_many_seeds_the_failures_are_counted_and_the_first_is_told(broken_ledger: None) -> None:
    summary = run_seeds(range(4))

    assert len(summary.failed) > 1
    assert len(summary.stories) == 1


def test_without_faults_every_record_has_its_outcome_at_once() -> None:
    calm = calmed(make_plan(1))

    outcome = run(calm)

    assert outcome.violations == ()
    assert outcome.counts["rebalances"] <= calm.processes


def calmed(plan: Plan) -> Plan:
    return replace(plan, faults=(), rates=dict.fromkeys(plan.rates, 0.0))

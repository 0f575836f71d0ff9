"""From a plan that breaks a promise to a small one that still does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tests.simulation.plan import Plan
from tests.simulation.run import Outcome, run

_MAX_RUNS = 400


def shrink(failed: Outcome) -> Outcome:
    """Leave out faults, small failures, records and verdicts for as long as the same promise is broken."""
    promise = failed.violations[0].promise
    smallest, runs, goes_on = failed, 0, True
    while goes_on:
        goes_on = False
        for plan in _smaller(smallest.plan):
            runs += 1
            if runs > _MAX_RUNS:
                break
            outcome = run(plan)
            if outcome.breaks(promise):
                smallest, goes_on = outcome, True
                break
    return run(smallest.plan, recording=True)


def replay(seed: int) -> str:
    """Return the command that runs a seed again, shrinks it and tells what happens."""
    return f"python -m tests.simulation --seed {seed}"


def story(outcome: Outcome) -> str:
    """Tell a recorded outcome: its plan, what happened when, and what was broken."""
    plan = outcome.plan
    lines = [
        f"seed {plan.seed}, which {replay(plan.seed)} runs again:",
        f"  {plan.processes} {plan.service.value}s, {plan.partitions} partitions, {len(plan.records)} records",
        *(f"  {fault}" for fault in plan.faults),
        *outcome.timeline,
        *map(str, outcome.violations[:5]),
    ]
    return "\n".join(lines)


def _smaller(plan: Plan) -> Iterator[Plan]:
    """Yield plans with one thing less, the largest things first."""
    for part in ("records", "faults", "verdicts"):
        things = getattr(plan, part)
        size = len(things) // 2
        while size >= 1:
            for at in range(0, len(things), size):
                yield replace(plan, **{part: things[:at] + things[at + size :]})
            size //= 2
    for name, rate in plan.rates.items():
        if rate:
            yield replace(plan, rates=plan.rates | {name: 0.0})
    if plan.processes > 1:
        yield replace(plan, processes=plan.processes - 1)

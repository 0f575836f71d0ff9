"""Measure what a cluster survives: ``python -m tests.cluster [--check]``.

Three brokers with logins over TLS and access control, two databases with replication, two taggers and a sink that have
the rights of docs/access.md and no others. Under load one broker is killed, then two, then the database's primary.
Writes ``build/figures/cluster.json``.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import shutil
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.support.figures import Figure, report
from devstack import Stack
from tests.cluster.run import Outcome, run

GOAL_RUN_SECONDS = 600


def main() -> int:
    """Run, report; 0 when it could be measured, with --check 1 when anything was lost or stuck."""
    parser = argparse.ArgumentParser(prog="python -m tests.cluster", description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="exit 1 when anything was lost or stuck")
    arguments = parser.parse_args()
    # The harness's own clients meet every outage too.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL + 1)
    folder = Path(tempfile.mkdtemp(prefix="aegis-cluster-"))
    stack = Stack(folder / "stack")
    started = time.monotonic()

    def tell(sentence: str) -> None:
        print(f"{time.monotonic() - started:7.1f} s  {sentence}", flush=True)

    try:
        stack.up()
        outcome = asyncio.run(run(stack, folder, tell))
    finally:
        stack.reset()
    report("cluster", _figures(outcome, time.monotonic() - started))
    problems = _problems(outcome)
    for problem in problems:
        print(f"cluster: {problem}")
    if problems:
        print(f"the logs are in {folder}")
        return int(arguments.check)
    shutil.rmtree(folder)
    return 0


def _figures(outcome: Outcome, run_seconds: float) -> list[Figure]:
    figures = [
        Figure("events_acknowledged", outcome.acknowledged, "events", None, "higher"),
        Figure("events_lost", len(outcome.lost), "events", 0, "lower"),
        Figure("dead_letters", outcome.dead_letters, "records", 0, "lower"),
        Figure("unasked_exits", len(outcome.unasked_exits), "processes", 0, "lower"),
        Figure("bad_exit_codes", sum(code != 0 for code in outcome.exit_codes.values()), "processes", 0, "lower"),
        Figure("taggers_ready_without_replicas", len(outcome.wrongly_ready), "processes", 0, "lower"),
        Figure("no_recovery", sum(item is None for item in outcome.recoveries.values()), "faults", 0, "lower"),
    ]
    figures += [
        Figure(f"recovery_{name}", seconds, "s", None, "lower")
        for name, seconds in outcome.recoveries.items()
        if seconds is not None
    ]
    return [*figures, Figure("whole_run", run_seconds, "s", GOAL_RUN_SECONDS, "lower")]


def _problems(outcome: Outcome) -> list[str]:
    problems = [
        f"no progress within the time after {name}" for name, item in outcome.recoveries.items() if item is None
    ]
    problems += [f"{name} ended without being told to" for name in outcome.unasked_exits]
    problems += [f"{name} ended with {code}" for name, code in outcome.exit_codes.items() if code]
    problems += [f"{name} said that it was ready while nothing could be written" for name in outcome.wrongly_ready]
    if outcome.lost:
        problems.append(f"{len(outcome.lost)} acknowledged events have no row, the first is {outcome.lost[0]}")
    if outcome.dead_letters:
        problems.append(f"{outcome.dead_letters} events became dead letters")
    return problems


if __name__ == "__main__":
    sys.exit(main())

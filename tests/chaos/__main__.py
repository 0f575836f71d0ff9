"""Measure what chaos does: ``python -m tests.chaos [--short] [--seed N]``.

Starts a stack of its own, runs the pipeline under kills and outages, prints the figures, and writes them to
``build/figures/chaos.json`` with a picture of the run beside it. The same seed gives the same load and the same faults.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import random
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.support.figures import FOLDER, Figure, report
from devstack import Stack
from tests.chaos.picture import draw
from tests.chaos.poison import KINDS
from tests.chaos.recovery import of_kind, recoveries
from tests.chaos.run import Outcome, Tell, run
from tests.chaos.scenario import FULL, SHORT, Scenario
from tests.chaos.schedule import FaultKind

_MIB = 1024 * 1024


def main() -> int:
    """Run, report; 0 when it could be measured, with --check 1 when anything was lost, wrong or stuck."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="every kind of fault once or twice, in two minutes")
    parser.add_argument("--seed", type=int, help="repeat the run of this seed")
    parser.add_argument("--check", action="store_true", help="exit 1 when anything was lost, wrong or stuck")
    arguments = parser.parse_args()
    scenario = SHORT if arguments.short else FULL
    seed = random.SystemRandom().randrange(2**32) if arguments.seed is None else arguments.seed
    short = " --short" if arguments.short else ""
    print(f"chaos: seed {seed}; python -m tests.chaos{short} --seed {seed} repeats it", flush=True)
    # The harness's own clients meet every outage too.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL + 1)
    folder = Path(tempfile.mkdtemp(prefix="aegis-chaos-"))
    stack = Stack(folder / "stack")
    started = time.monotonic()
    try:
        stack.up()
        outcome = asyncio.run(run(scenario, seed, stack, folder, _teller(started)))
    finally:
        stack.reset()
    _report(outcome, scenario, seed, time.monotonic() - started)
    if outcome.verdict.problems:
        print(f"the logs are in {folder}")
        for problem in outcome.verdict.problems:
            print(f"chaos: {problem}")
        return int(arguments.check)
    shutil.rmtree(folder)
    return 0


def _teller(started: float) -> Tell:
    def tell(sentence: str) -> None:
        print(f"{time.monotonic() - started:7.1f} s  {sentence}", flush=True)

    return tell


def _report(outcome: Outcome, scenario: Scenario, seed: int, run_seconds: float) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    kills = sum(item.fault.kind is FaultKind.KILL for item in outcome.happened)
    title = f"{scenario.events} events, {kills} kills, seed {seed}"
    draw(outcome.samples, outcome.happened, title, FOLDER / "chaos.svg")
    poison = round(scenario.events * scenario.poison_each) * len(KINDS)
    figures = [
        Figure("events", scenario.events, "records", None, "higher"),
        Figure("poison", poison, "records", None, "higher"),
        Figure("process_kills", _count(outcome, FaultKind.KILL, service=False), "kill -9", None, "higher"),
        Figure("process_stops", _count(outcome, FaultKind.STOP, service=False), "SIGSTOP", None, "higher"),
        Figure("service_kills", _count(outcome, FaultKind.KILL, service=True), "kill -9", None, "higher"),
        Figure("service_outages", _count(outcome, FaultKind.OUTAGE, service=True), "outages", None, "higher"),
        Figure("outage_length", scenario.outage_seconds, "s", None, "higher"),
        *outcome.verdict.figures,
        *_recovery_figures(outcome),
        *_memory_figures(outcome),
        Figure("settled_after_load", outcome.settled_seconds, "s", None, "lower"),
        Figure("whole_run", run_seconds, "s", 600, "lower"),
    ]
    report("chaos", figures)
    print(f"a picture of the run: {FOLDER / 'chaos.svg'}")


def _count(outcome: Outcome, kind: FaultKind, *, service: bool) -> int:
    return sum(item.fault.kind is kind and item.fault.is_service == service for item in outcome.happened)


def _recovery_figures(outcome: Outcome) -> list[Figure]:
    found = recoveries(outcome.happened, outcome.samples)
    figures = []
    for name, seconds in {
        "process_kill": of_kind(found, FaultKind.KILL, service=False),
        "process_stop": of_kind(found, FaultKind.STOP, service=False),
        "service_kill": of_kind(found, FaultKind.KILL, service=True),
        "service_outage": of_kind(found, FaultKind.OUTAGE, service=True),
    }.items():
        if seconds:
            figures.append(Figure(f"recovery_{name}_p50", statistics.median(seconds), "s", None, "lower"))
            figures.append(Figure(f"recovery_{name}_max", max(seconds), "s", None, "lower"))
    return figures


def _memory_figures(outcome: Outcome) -> list[Figure]:
    peaks: dict[str, int] = {}
    for sample in outcome.samples:
        for name, held in sample.memory_bytes.items():
            service = name.partition("-")[0]
            peaks[service] = max(peaks.get(service, 0), held)
    return [Figure(f"peak_memory_{name}", peak / _MIB, "MiB", None, "lower") for name, peak in sorted(peaks.items())]


if __name__ == "__main__":
    sys.exit(main())

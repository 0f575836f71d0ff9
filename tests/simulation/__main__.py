"""Simulate the stream engine: ``python -m tests.simulation [--seeds N] [--jobs J] [--seed K] [--mutants] [--check]``.

Runs that many seeds, and with ``--mutants`` every mutant of the product until it breaks a promise; prints the figures
and writes them to ``build/figures/simulate.json``. ``--seed K`` runs one seed, shrinks it where it fails, and tells
what happened. Exits 0 when it could measure, with ``--check`` 1 when a promise was broken or a mutant lives.
"""

from __future__ import annotations

import argparse
import os
import sys

from benchmarks.support.figures import Figure, report
from tests.simulation.fleet import Summary, hunt_all, simulate, told
from tests.simulation.mutants import ALL

_GOAL_SEEDS_A_CPU_SECOND = 10
_GOAL_MUTANTS = 30
_STORIES = 3


def main() -> int:
    """Run, report."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=2000, help="number of seeds, from 0 on")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="number of processes")
    parser.add_argument("--seed", type=int, help="run this seed alone and tell what happens")
    parser.add_argument("--mutants", action="store_true", help="hunt the mutants as well")
    parser.add_argument("--check", action="store_true", help="exit 1 when a promise was broken or a mutant lives")
    arguments = parser.parse_args()
    if arguments.seed is not None:
        text, is_broken = told(arguments.seed)
        print(text)
        return int(arguments.check and is_broken)
    summary = simulate(range(arguments.seeds), arguments.jobs)
    print(*summary.stories[:_STORIES], sep="\n\n")
    living = _hunt(arguments.jobs) if arguments.mutants else None
    report("simulate", _figures(summary, living))
    return int(arguments.check and bool(summary.failed or living))


def _hunt(jobs: int) -> list[str]:
    """Return the mutants that live."""
    living = []
    for mutant, killed_by in hunt_all(jobs):
        print(f"simulate: {mutant.module}: {mutant.name}: {killed_by or 'LIVES'}", flush=True)
        if killed_by is None:
            living.append(mutant.name)
    return living


def _figures(summary: Summary, living: list[str] | None) -> list[Figure]:
    figures = [
        Figure("seeds", summary.seeds, "seeds", None, "higher"),
        Figure("violations", len(summary.failed), "seeds", 0, "lower"),
        Figure(
            "seeds_per_cpu_second", summary.seeds / summary.cpu_seconds, "seeds/s", _GOAL_SEEDS_A_CPU_SECOND, "higher"
        ),
        Figure("virtual_time", summary.virtual_seconds / 3600, "h", None, "higher"),
        *(Figure(name.replace(" ", "_"), count, "times", None, "higher") for name, count in summary.counts.items()),
    ]
    if living is not None:
        figures.append(Figure("mutants", len(ALL), "mutants", _GOAL_MUTANTS, "higher"))
        figures.append(Figure("mutants_killed", len(ALL) - len(living), "mutants", len(ALL), "higher"))
    return figures


if __name__ == "__main__":
    sys.exit(main())

"""How much CPU time the help of each verb takes, which is what a person or a shell's completion waits for.

    python -m benchmarks.start

Runs `aegis … --help` in a process of its own for every verb; the figure of a verb is the median of the rounds.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys

import click

from aegis.reference.verbs import verbs
from benchmarks.support.figures import Figure, report

GOAL_CPU_SECONDS = 0.25


@click.command()
@click.option("--rounds", default=3, show_default=True, help="Number of measurements of each verb.")
def main(rounds: int) -> None:
    """Measure and report."""
    spent = {verb: statistics.median(_cpu_seconds(verb) for _ in range(rounds)) for verb, _ in verbs()}
    slowest = max(spent, key=spent.__getitem__)
    click.echo(f"slowest of {len(spent)}: {' '.join(('aegis', *slowest, '--help'))}")
    report(
        "start",
        [
            Figure("slowest_help_cpu", spent[slowest], "CPU seconds", GOAL_CPU_SECONDS, "lower"),
            Figure("list_of_verbs_cpu", spent[()], "CPU seconds", GOAL_CPU_SECONDS, "lower"),
        ],
    )


def _cpu_seconds(verb: tuple[str, ...]) -> float:
    process = subprocess.Popen([sys.executable, "-m", "aegis", *verb, "--help"], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, verb
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()

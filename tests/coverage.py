"""How much of the stream engine its tests reach, branch by branch: ``python -m tests.coverage``.

Prints the lines that no test reaches, and writes ``build/figures/coverage.json``.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.support.figures import Figure, report

_TESTS = ("tests/unit/stream", "tests/unit/replay", "tests/integration/stream", "tests/integration/replay")
_JSON = Path("build/coverage.json")
_GOAL_PERCENT = 95


def main() -> int:
    """Run the tests and report; 1 when one of them fails, else 0."""
    _JSON.parent.mkdir(exist_ok=True)
    reports = ("--cov-report=term-missing:skip-covered", f"--cov-report=json:{_JSON}")
    command = [sys.executable, "-m", "pytest", "-q", *_TESTS, "--cov=consumer/stream", "--cov-branch", *reports]
    done = subprocess.run(command, check=False)
    if done.returncode:
        return 1
    totals = json.loads(_JSON.read_text())["totals"]
    branches = 100 * totals["covered_branches"] / totals["num_branches"]
    report(
        "coverage",
        [
            Figure("stream_branches", branches, "%", _GOAL_PERCENT, "higher"),
            Figure("stream_lines_and_branches", totals["percent_covered"], "%", None, "higher"),
        ],
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())

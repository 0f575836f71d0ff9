"""Whether the tests notice when the ledger or the fault table is wrong: ``python -m tests.mutation``.

mutmut makes many small changes to the files below and runs their tests against each. What no test notices is listed;
the figures go to ``build/figures/mutation.json``.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

from benchmarks.support.figures import Figure, report

MUTATED = ("consumer/stream/partitions/ledger.py", "consumer/stream/failures/faults.py", "consumer/services/faults.py")
TESTS = (
    "tests/unit/stream/test_ledger.py",
    "tests/unit/stream/test_faults.py",
    "tests/unit/concurrency/test_deadline.py",
    "tests/unit/services/test_faults.py",
)
_FOLDER = Path("build/mutation")
_COPIED = ("aegis", "consumer", "docs", "schemas", "tests")
_GOAL_SHARE = 0.05
_RESULT = re.compile(r"^\s*(\S+): ([a-z ]+)$", re.MULTILINE)


def main() -> int:
    """Mutate and report; 0 when it could be measured, survivors or not."""
    _prepare()
    mutmut = str(Path(sys.executable).with_name("mutmut"))
    run = subprocess.run([mutmut, "run"], cwd=_FOLDER, capture_output=True, text=True, errors="replace", check=False)
    listed = subprocess.run(
        [mutmut, "results", "--all", "true"], cwd=_FOLDER, capture_output=True, text=True, check=False
    )
    results = dict(_RESULT.findall(listed.stdout))
    if not results:
        raise SystemExit(f"mutation: mutmut could not run:\n{run.stdout[-2000:]}{run.stderr[-2000:]}")
    counted = Counter(results.values())
    # One that makes the tests run for ever was noticed too.
    survivors = [name for name, result in results.items() if result not in {"killed", "timeout"}]
    for name in survivors:
        print(f"mutation: {results[name]}: {name}\n{_mutmut('show', name)}")
    report(
        "mutation",
        [
            Figure("mutants", len(results), "mutants", None, "higher"),
            Figure("noticed", counted["killed"] + counted["timeout"], "mutants", None, "higher"),
            Figure("survivors", len(survivors), "mutants", None, "lower"),
            Figure("survivors_share", len(survivors) / len(results), "of all", _GOAL_SHARE, "lower"),
        ],
    )
    return 0


def _mutmut(*arguments: str) -> str:
    command = [str(Path(sys.executable).with_name("mutmut")), *arguments]
    done = subprocess.run(command, cwd=_FOLDER, capture_output=True, text=True, errors="replace", check=False)
    return done.stdout + done.stderr


def _prepare() -> None:
    """Copy what the tests need to a folder of its own: mutmut writes beside what it mutates."""
    shutil.rmtree(_FOLDER, ignore_errors=True)
    for name in _COPIED:
        shutil.copytree(name, _FOLDER / name, ignore=shutil.ignore_patterns("__pycache__"))
    lists = {"source_paths": MUTATED, "also_copy": _COPIED, "pytest_add_cli_args_test_selection": TESTS}
    lines = [f"{key} = {list(values)}" for key, values in lists.items()]
    settings = "\n".join(("", "[tool.mutmut]", *lines, 'pytest_add_cli_args = ["-p", "no:randomly"]', ""))
    (_FOLDER / "pyproject.toml").write_text(Path("pyproject.toml").read_text() + settings)


if __name__ == "__main__":
    sys.exit(main())

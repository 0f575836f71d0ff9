"""Fuzz each target for a while and report: ``python -m tests.fuzz [--seconds 600] [TARGET…]``.

Corpora grow in ``build/fuzz/TARGET/corpus`` from run to run; inputs that crashed lie in ``build/fuzz/TARGET/findings``.
Writes ``build/figures/fuzz.json``.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.support.figures import Figure, report
from tests.fuzz.targets import TARGETS, Target

_FOLDER = Path("build/fuzz")
_EXECUTED = re.compile(r"stat::number_of_executed_units:\s+(\d+)")
_DONE = re.compile(r"Done \d+ (?:runs )?in (\d+) second")
_GOAL_SECONDS = 600


@dataclass(slots=True)
class Result:
    """What came of one target."""

    executions: int = 0
    findings: int = 0
    seconds: float = 0.0


def main() -> int:
    """Fuzz and report; 0 when it could be measured, findings or not."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__.splitlines()[0])
    parser.add_argument("targets", nargs="*", choices=[*TARGETS, []], metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--seconds", type=float, default=_GOAL_SECONDS, help="for each target (default: %(default)s)")
    arguments = parser.parse_args()
    if importlib.util.find_spec("atheris") is None:
        parser.error("atheris is not installed: pip install --group deep")
    figures = []
    for name in arguments.targets or TARGETS:
        result = _fuzz(TARGETS[name], arguments.seconds)
        figures += [
            Figure(f"{name}_seconds", result.seconds, "s", _GOAL_SECONDS, "higher"),
            Figure(f"{name}_executions", result.executions, "inputs", None, "higher"),
            Figure(f"{name}_findings", result.findings, "inputs", 0, "lower"),
        ]
    report("fuzz", figures)
    return 0


def _fuzz(target: Target, seconds: float) -> Result:
    folder = _FOLDER / target.name
    corpus, findings = folder / "corpus", folder / "findings"
    for place in (corpus, findings):
        place.mkdir(parents=True, exist_ok=True)
    for seed in target.seeds():
        (corpus / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)
    before = set(findings.iterdir())
    result = Result()
    # A finding ends the process, and the search goes on.
    while (left := seconds - result.seconds) >= 1:
        print(f"fuzz: {target.name}, {left:.0f} s to go", flush=True)
        command = [
            *(sys.executable, "-m", "tests.fuzz.one", target.name),
            *(f"-max_total_time={left:.0f}", f"-max_len={target.max_bytes}", "-timeout=30", "-rss_limit_mb=3072"),
            *("-print_final_stats=1", "-verbosity=0", f"-artifact_prefix={findings}/", str(corpus)),
        ]
        started = time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        told = _DONE.search(done.stderr)
        # Without the time it takes to begin, where it says so.
        result.seconds += float(told[1]) if told else time.monotonic() - started
        result.executions += sum(int(count) for count in _EXECUTED.findall(done.stderr))
        new = set(findings.iterdir()) - before
        if done.returncode and len(new) == result.findings:
            raise SystemExit(f"fuzz: {target.name} could not run:\n{done.stderr[-3000:]}")
        for finding in sorted(new)[result.findings :]:
            print(f"fuzz: {target.name} found {finding}\n{done.stderr[-1500:]}", flush=True)
        result.findings = len(new)
    return result


if __name__ == "__main__":
    sys.exit(main())

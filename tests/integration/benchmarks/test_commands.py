"""The measuring commands run, and write what they measured in the form that everybody reads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_latency_of_one_event_is_measured_on_the_services_that_are_there(
    stack_environment: Mapping[str, str], tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.latency", "--events", "4", "--warm-up", "1"],
        env={**os.environ, **stack_environment, "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr

    figures = {item["figure"]: item for item in json.loads((tmp_path / "build/figures/bench.json").read_text())}

    assert set(figures) == {"latency_idle_p50", "latency_idle_p95"}
    assert figures["latency_idle_p50"]["value"] > 0
    assert set(figures["latency_idle_p50"]) == {"figure", "value", "unit", "goal", "better", "met"}

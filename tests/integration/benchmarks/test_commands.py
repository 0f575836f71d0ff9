"""The measuring commands run, and write what they measured in the form that everybody reads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from consumer.tagging.bundle.bundle import default_bundle_path

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("command", "file", "names"),
    [
        (("latency", "--events", "4", "--warm-up", "1"), "latency.json", {"latency_idle_p50", "latency_idle_p95"}),
        (
            ("sink", "--events", "3000", "--row-by-row", "20", "--rounds", "1"),
            "sink.json",
            {"sink_events_per_second", "sink_over_row_by_row", "hnsw_embeddings_per_second"},
        ),
        (
            ("parts", "--rounds", "1", "--bundle", str(default_bundle_path())),
            "parts.json",
            {"decode_cpu_per_image", "pixel_tests_cpu_per_image", "inference_in_batches_of_8_cpu_per_image"},
        ),
        (
            ("formats.extraction", "--bundles", "1", "--each", "2", "--rounds", "1"),
            "extract.json",
            {"times_as_fast_as_loop", "png_bytes_of_loop", "memory"},
        ),
        (
            ("gateway", "--requests", "20", "--rounds", "1", "--bundle", str(default_bundle_path())),
            "bench-gateway.json",
            {"gateway_p95", "gateway_over_peer", "first_service_success", "tags_in_an_event_at_least"},
        ),
    ],
)
def test_a_measuring_command_runs_on_the_services_that_are_there(
    stack_environment: Mapping[str, str], tmp_path: Path, command: tuple[str, ...], file: str, names: set[str]
) -> None:
    module, *arguments = command
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{module}", *arguments],
        env={**os.environ, **stack_environment, "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr

    figures = {item["figure"]: item for item in json.loads((tmp_path / "build/figures" / file).read_text())}

    assert names <= set(figures)
    assert [name for name in names if figures[name]["value"] <= 0] == []
    assert {frozenset(item) for item in figures.values()} == {
        frozenset({"figure", "value", "unit", "goal", "better", "met"})
    }

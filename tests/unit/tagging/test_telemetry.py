"""onnxruntime reports home unless it is told not to before it is imported."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

LOAD_A_MODEL = """
import {module}
from consumer.tagging.bundle.bundle import default_bundle_path, load_bundle
from consumer.tagging.inference.embed import Embedder
Embedder(load_bundle(default_bundle_path()).graph_path("int8"))
"""


@pytest.mark.parametrize(
    "module", ["consumer.tagging.inference.embed", "export.bundles.compile", "export.graphs.towers"]
)
def test_nothing_is_reported(module: str, tmp_path: Path) -> None:
    """Its first sign is a device id and a queue of events, as files in the user's folder."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("ORT_", "XDG_", "CI"))}
    subprocess.run(
        [sys.executable, "-c", LOAD_A_MODEL.format(module=module)],
        env={**environment, "HOME": str(tmp_path)},
        check=True,
        timeout=100,
    )

    assert [path.name for path in tmp_path.rglob("*") if "onnxruntime" in path.name] == []

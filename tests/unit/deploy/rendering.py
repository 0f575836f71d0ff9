"""The manifests as `kubectl apply --kustomize` sends them."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.deploy.queries import DEPLOY

MANIFESTS = DEPLOY / "kubernetes"
WHOLE = MANIFESTS / "examples" / "operators"
Manifest = dict[str, Any]


@cache
def rendered(folder: Path) -> list[Manifest]:
    """Return every document of a kustomization; skips the test where no program can render it."""
    if shutil.which("kubectl"):
        command = ["kubectl", "kustomize"]
    elif shutil.which("kustomize"):
        command = ["kustomize", "build"]
    else:
        pytest.skip("neither kubectl nor kustomize is on the PATH")
    done = subprocess.run([*command, folder], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def of_kind(documents: list[Manifest], *kinds: str) -> dict[str, Manifest]:
    """Return the documents of these kinds by name."""
    return {item["metadata"]["name"]: item for item in documents if item["kind"] in kinds}


def pod_specs(documents: list[Manifest]) -> dict[str, Manifest]:
    """Return the pod of each workload by the workload's name, its labels under `labels`."""
    jobs = of_kind(documents, "CronJob")
    specs = {name: item["spec"]["jobTemplate"]["spec"] for name, item in jobs.items()}
    specs |= {name: item["spec"] for name, item in of_kind(documents, "Deployment", "StatefulSet", "Job").items()}
    return {
        name: {**spec["template"]["spec"], "labels": spec["template"]["metadata"]["labels"]}
        for name, spec in specs.items()
    }

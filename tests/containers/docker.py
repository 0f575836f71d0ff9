"""Docker, asked by its command."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
# Passed on to builds where they are set: a registry of one's own.
PIP_VARIABLES = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST", "PIP_CERT")


def docker(
    *arguments: str,
    check: bool = True,
    timeout_seconds: float = 120,
    cwd: Path = ROOT,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run one docker command; with ``check``, fail the test with what it printed when it fails."""
    done = subprocess.run(
        ["docker", *arguments],
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout_seconds,
        check=False,
    )
    if check and done.returncode:
        pytest.fail(f"docker {' '.join(arguments)}\n{done.stdout[-4000:]}{done.stderr[-4000:]}", pytrace=False)
    return done


def inspect(name: str) -> dict[str, Any]:
    """Return what Docker knows of a container or an image; empty where there is none."""
    done = docker("inspect", name, check=False)
    found: list[dict[str, Any]] = json.loads(done.stdout or "[]")
    return found[0] if found else {}


def require(*, compose: bool) -> None:
    """Fail with one sentence when Docker is not here, or does not answer."""
    if shutil.which("docker") is None:
        pytest.fail("Docker is missing: install Docker Engine (https://docs.docker.com/engine/install/)", pytrace=False)
    answer = docker("info", "--format", "{{.ServerVersion}}", check=False)
    if answer.returncode:
        pytest.fail(f"Docker does not answer, is dockerd running? {answer.stderr.strip()}", pytrace=False)
    if compose and docker("compose", "version", check=False).returncode:
        pytest.fail(
            "`docker compose` is missing: install Docker's Compose plugin, version 2.24 or newer", pytrace=False
        )


def build(tag: str, context: Path, *options: str) -> None:
    """Build an image, with this machine's pip settings where it has some."""
    arguments = [part for name in PIP_VARIABLES if os.environ.get(name) for part in ("--build-arg", name)]
    docker("build", "--tag", tag, *arguments, *options, str(context), timeout_seconds=1200)

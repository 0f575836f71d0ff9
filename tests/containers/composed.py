"""The composed system of a test: a copy of this checkout, under a project name and on ports of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from devstack.state import free_port
from testkit.running import Pipeline
from tests.containers.docker import ROOT, docker

PROJECT = "aegis-compose-test"
PORTS = (
    "GATEWAY_PORT",
    "GRAFANA_PORT",
    "KAFKA_PORT",
    "MINIO_CONSOLE_PORT",
    "MINIO_PORT",
    "POSTGRES_PORT",
    "PROMETHEUS_PORT",
)
_SECONDS = 900


@dataclass(frozen=True, slots=True)
class Composed:
    """`docker compose` in the copy; `peaks` fills with the most bytes of memory that each service was seen to use."""

    folder: Path
    variables: Mapping[str, str]
    peaks: dict[str, int] = field(default_factory=dict)

    def shell(self, block: str) -> str:
        """Run a block of the README as its reader would; return what it printed."""
        done = subprocess.run(
            ["/bin/bash", "-euo", "pipefail", "-c", block],
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        if done.returncode:
            pytest.fail(f"{block}\n{done.stdout[-4000:]}{done.stderr[-4000:]}\n{self._logs()}", pytrace=False)
        return done.stdout

    def compose(self, *arguments: str) -> str:
        return docker(
            "compose", *arguments, cwd=self.folder, environment=self._environment(), timeout_seconds=_SECONDS
        ).stdout

    def containers(self, service: str) -> list[dict[str, Any]]:
        """Return Name, ID, State, Health … of a service's running containers."""
        return [json.loads(line) for line in self.compose("ps", "--format", "json", service).splitlines()]

    def pipeline(self) -> Pipeline:
        """Return this machine's way into the system, by the ports that it publishes."""
        secrets = dict(line.split("=", 1) for line in (self.folder / ".env").read_text().splitlines())
        ports = self.variables
        database = f"aegis:{secrets['POSTGRES_PASSWORD']}@127.0.0.1:{ports['POSTGRES_PORT']}/aegis_ai"
        return Pipeline(
            {
                "AEGIS_KAFKA_BOOTSTRAP": f"127.0.0.1:{ports['KAFKA_PORT']}",
                "AEGIS_TOPIC_PREFIX": "",
                "AEGIS_S3_ENDPOINT": f"http://127.0.0.1:{ports['MINIO_PORT']}",
                "AEGIS_S3_ACCESS_KEY": "aegis",
                "AEGIS_S3_SECRET_KEY": secrets["MINIO_ROOT_PASSWORD"],
                "AEGIS_S3_BUCKET": "aegis-assets",
                "AEGIS_PG_DSN": f"postgresql://{database}",
                "AEGIS_PG_SCHEMA": "aegis",
            },
            self.folder,
        )

    def watch_memory(self, stop: threading.Event) -> None:
        """Look every second or two at what each container uses, its reclaimable file cache not counted."""
        while not stop.wait(1):
            listed = docker("stats", "--no-stream", "--format", "{{.Name}} {{.MemUsage}}", check=False)
            for line in listed.stdout.splitlines():
                name, used = line.split()[:2]
                if name.startswith(PROJECT):
                    service = name.removeprefix(f"{PROJECT}-").rpartition("-")[0]
                    self.peaks[service] = max(self.peaks.get(service, 0), _bytes(used))

    def _environment(self) -> dict[str, str]:
        return {**os.environ, **self.variables}

    def _logs(self) -> str:
        return docker(
            "compose", "logs", "--tail", "20", check=False, cwd=self.folder, environment=self._environment()
        ).stdout[-8000:]


def copied(target: Path) -> Composed:
    """Copy what git knows of this checkout, as it is now; its .env stays here, and the copy's is the test's own."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    ports: dict[str, str] = {}
    for name in PORTS:
        ports[name] = str(next(port for port in iter(free_port, None) if str(port) not in ports.values()))
    return Composed(target, {"COMPOSE_PROJECT_NAME": PROJECT, **ports})


def _bytes(text: str) -> int:
    for unit, size in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10), ("B", 1)):
        if text.endswith(unit):
            return int(float(text.removesuffix(unit)) * size)
    raise ValueError(f"no size: {text}")

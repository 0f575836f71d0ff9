"""Somebody who types the commands of a document into one shell, and looks at what they do."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from devstack import Stack
from testkit.running import Pipeline

# The slowest command is the demo, on a machine that does other work too.
COMMAND_SECONDS = 300


@dataclass(slots=True)
class Run:
    """One command: what it printed so far, and its exit code once it has ended."""

    command: str
    files: Path

    @property
    def printed(self) -> str:
        return _text(self.files.with_suffix(".out"))

    @property
    def complaints(self) -> str:
        return _text(self.files.with_suffix(".err"))

    @property
    def exit_code(self) -> int | None:
        code = self.files.with_suffix(".code")
        return int(code.read_text()) if code.exists() else None


@dataclass(slots=True)
class Reader:
    """A shell in a checkout. Variables, and what runs in the background, stay from command to command."""

    checkout: Path
    environment: Mapping[str, str]
    notes: Path
    stack: Path
    shell: subprocess.Popen[str] = field(init=False)
    count: int = 0

    def __post_init__(self) -> None:
        self.notes.mkdir()
        self.shell = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=self.checkout,
            env={**self.environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._type("set -o pipefail\n")

    @property
    def system(self) -> Pipeline:
        """Return what the commands work on, under the names that are used where nothing else is set."""
        names = {"AEGIS_TOPIC_PREFIX": "", "AEGIS_S3_BUCKET": "aegis-assets", "AEGIS_PG_SCHEMA": "aegis"}
        return Pipeline({**Stack(self.stack).variables(), **names}, self.notes)

    def begin(self, command: str) -> Run:
        """Type a command; it runs when this returns."""
        self.count += 1
        run = Run(command, self.notes / f"{self.count:03}")
        out, err, code = (shlex.quote(str(run.files.with_suffix(ending))) for ending in (".out", ".err", ".code"))
        # Whole at once, so that nobody reads a code that is half written.
        told = f"echo $? > {code}.part; mv {code}.part {code}"
        self._type(f"{{ eval {shlex.quote(command)}; }} > {out} 2> {err} < /dev/null; {told}\n")
        return run

    def finish(self, run: Run, seconds: float = COMMAND_SECONDS) -> int:
        """Wait for the end of a command and return its exit code."""
        deadline = time.monotonic() + seconds
        while (code := run.exit_code) is None:
            assert self.shell.poll() is None, f"the shell ended at: {run.command}"
            assert time.monotonic() < deadline, f"still running after {seconds:g} s: {run.command}"
            time.sleep(0.02)
        return code

    def interrupt(self, run: Run, background: set[int]) -> int:
        """Press Ctrl-C, which reaches all processes of a command but not the background; return the exit code."""
        # All are found before the first is stopped: the others may end with it.
        for process in self.processes():
            if process.pid not in background:
                with suppress(psutil.NoSuchProcess):
                    process.send_signal(signal.SIGINT)
        return self.finish(run, 30)

    def variable(self, name: str) -> str:
        run = self.begin(f'printf %s "${name}"')
        assert self.finish(run) == 0
        return run.printed

    def processes(self) -> list[psutil.Process]:
        """Return what the shell has started and what that has started."""
        return psutil.Process(self.shell.pid).children(recursive=True)

    def close(self) -> list[int]:
        """Stop what runs in the background and then the shell; return the exit codes. Again: nothing is left."""
        if self.shell.poll() is not None:
            return []
        run = self.begin('for job in $(jobs -p); do kill -TERM "$job"; wait "$job"; echo $?; done')
        self.finish(run)
        self._type("exit\n")
        self.shell.wait(10)
        return [int(code) for code in run.printed.split()]

    def kill(self) -> None:
        """End everything at once, e.g. after a failure."""
        if self.shell.poll() is None:
            for child in psutil.Process(self.shell.pid).children(recursive=True):
                child.kill()
            self.shell.kill()
        self.shell.wait(10)
        if self.shell.stdin:
            self.shell.stdin.close()

    def _type(self, text: str) -> None:
        assert self.shell.stdin is not None
        self.shell.stdin.write(text)
        self.shell.stdin.flush()


def _text(path: Path) -> str:
    """Return what was printed, which is nothing before the shell has begun."""
    return path.read_text(encoding="utf-8") if path.exists() else ""


def environment_of(checkout: Path, stack: Path, home: Path) -> dict[str, str]:
    """Return the environment of a reader: nothing of this shell's but how to find programs and caches.

    The documents' gateway is at port 8080, which may be somebody's; curl is told where it is instead.
    """
    home.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as unused:
        gateway_port = unused.getsockname()[1]
    (home / ".curlrc").write_text(f'connect-to = "127.0.0.1:8080:127.0.0.1:{gateway_port}"\n')
    if (Path.home() / ".cache").is_dir():
        (home / ".cache").symlink_to(Path.home() / ".cache")
    kept = {name: os.environ[name] for name in ("LANG", "TMPDIR") if name in os.environ}
    return {
        **kept,
        "PATH": f"{checkout / '.venv' / 'bin'}:/usr/local/bin:/usr/bin:/bin",
        "PYTHONPATH": str(checkout),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": str(home),
        "AEGIS_STACK_DIR": str(stack),
        "AEGIS_GATEWAY_PORT": str(gateway_port),
    }

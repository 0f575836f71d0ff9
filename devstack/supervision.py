"""Processes that outlive the command that started them."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from devstack.errors import StackError
from devstack.state import RunningProcess

_SAME_PROCESS_SECONDS = 1.0
_LOG_LINES_SHOWN = 15


def find(known: RunningProcess | None) -> psutil.Process | None:
    """Return the process if it is still ours and alive; a stranger with its pid is not."""
    if known is None:
        return None
    try:
        process = psutil.Process(known.pid)
        same = abs(process.create_time() - known.created_at) < _SAME_PROCESS_SECONDS
        return process if same and _lives(process) else None
    except psutil.NoSuchProcess:
        return None


def _lives(process: psutil.Process) -> bool:
    """Tell whether it is there, and not only waits to be reaped, which nobody may do in a container."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def run_as(user: str | None) -> dict[str, Any]:
    """Return subprocess's arguments for running as another user, with that user's groups and none of ours."""
    return {} if user is None else {"user": user, "group": user, "extra_groups": []}


def spawn(
    command: Sequence[str], *, log_path: Path, environment: Mapping[str, str], user: str | None = None
) -> RunningProcess:
    """Start a process in a session of its own, so that a Ctrl-C here does not reach it."""
    with log_path.open("ab") as log:
        started = subprocess.Popen(  # noqa: S603 - our own programs with our own arguments
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, **environment},
            **run_as(user),
            start_new_session=True,
        )
    # Its exit is noticed through psutil; without this, a test run would complain about a forgotten child.
    started.returncode = 0
    return RunningProcess(pid=started.pid, created_at=psutil.Process(started.pid).create_time())


def wait_until_ready(
    name: str, known: RunningProcess, is_ready: Callable[[], bool], *, log_path: Path, timeout_seconds: float
) -> None:
    """Return when the service answers.

    Raises:
        StackError: it died, or did not answer in time; the message ends with the last lines of its log.

    """
    deadline = time.monotonic() + timeout_seconds
    while not is_ready():
        if find(known) is None:
            raise StackError(f"{name} ended right after its start. The last lines of {log_path}:\n{tail(log_path)}")
        if time.monotonic() > deadline:
            raise StackError(
                f"{name} did not answer within {timeout_seconds:g} s. The last lines of {log_path}:\n{tail(log_path)}"
            )
        time.sleep(0.05)


def stop(known: RunningProcess | None, *, number: signal.Signals, timeout_seconds: float = 20.0) -> None:
    """End a process and wait for it and its children; one that does not obey in time is killed."""
    process = find(known)
    if process is None:
        return
    try:
        children = process.children(recursive=True)
        process.send_signal(number)
        process.wait(timeout_seconds)
    except psutil.TimeoutExpired:
        process.kill()
        process.wait(timeout_seconds)
    except psutil.NoSuchProcess:
        return
    # PostgreSQL refuses to start while a child of a server that was killed still holds its shared memory.
    deadline = time.monotonic() + timeout_seconds
    while (left := [child for child in children if _lives(child)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    for child in left:
        with suppress(psutil.NoSuchProcess):
            child.kill()


def tail(log_path: Path, lines: int = _LOG_LINES_SHOWN) -> str:
    if not log_path.exists():
        return "(it wrote no log)"
    return "\n".join(log_path.read_text(errors="replace").splitlines()[-lines:])

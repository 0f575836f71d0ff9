"""What the stack remembers between commands: ports, secrets, and which process is which."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import BaseModel, Field

LOOPBACK = "127.0.0.1"
# Components prepare themselves side by side, and must not choose the same port.
_CHOOSING = threading.Lock()


def default_folder() -> Path:
    """Return ``AEGIS_STACK_DIR``, or ``.aegis/stack`` under the current folder."""
    return Path(os.environ.get("AEGIS_STACK_DIR") or ".aegis/stack").absolute()


class RunningProcess(BaseModel):
    """A process we started; the creation time tells it from a stranger that got the same pid later."""

    pid: int
    created_at: float


class State(BaseModel):
    """The content of ``state.json``."""

    ports: dict[str, int] = Field(default_factory=dict)
    secrets: dict[str, str] = Field(default_factory=dict)
    processes: dict[str, RunningProcess] = Field(default_factory=dict)

    def port(self, name: str) -> int:
        """Return the remembered port of this name, or a free one from now on."""
        with _CHOOSING:
            if name not in self.ports:
                taken = set(self.ports.values())
                self.ports[name] = next(port for port in iter(free_port, None) if port not in taken)
            return self.ports[name]

    def secret(self, name: str) -> str:
        with _CHOOSING:
            return self.secrets.setdefault(name, secrets.token_hex(16))


class StateFile:
    """``state.json`` in the stack's folder; readable by its owner only, since it holds the stack's secrets."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._path = folder / "state.json"

    def read(self) -> State:
        try:
            return State.model_validate_json(self._path.read_text())
        except FileNotFoundError:
            return State()

    def write(self, state: State) -> None:
        temporary = self._path.with_suffix(".tmp")
        temporary.touch(mode=0o600)
        temporary.write_text(json.dumps(state.model_dump(mode="json"), indent=2) + "\n")
        temporary.replace(self._path)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Let one command at a time change the stack; others wait."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def free_port() -> int:
    """Return a TCP port of the loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((LOOPBACK, port)) == 0

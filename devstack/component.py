"""What the stack knows about each of its services."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from devstack.state import State

# Told what is being done now, in a few words.
Tell = Callable[[str], None]


class Component(Protocol):
    """One service: how it is prepared, started, asked whether it answers, and reached."""

    name: str
    title: str
    # Set in the environment, the service is not ours to start.
    external_variable: str
    stop_signal: signal.Signals

    def prepare(self, folder: Path, state: State, tell: Tell) -> None:
        """Download, format or configure what the first start needs; idempotent, and works offline the second time."""

    def command(self, folder: Path, state: State) -> Sequence[str]: ...

    def process_environment(self) -> Mapping[str, str]: ...

    def user(self) -> str | None:
        """Return the system user to run as, None for ours."""

    def is_ready(self, state: State) -> bool: ...

    def finish(self, state: State) -> None:
        """Do what can only be done with the service up; idempotent."""

    def sweep(self, state: State) -> None:
        """Remove what a stopped process leaves outside the stack's folder."""

    def variables(self, state: State) -> dict[str, str]:
        """Return the ``AEGIS_…`` variables by which the product reaches it."""

    def address(self, state: State) -> str: ...

"""All services together: started, found again, stopped, removed."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from devstack import supervision
from devstack.component import Component
from devstack.errors import StackError
from devstack.kafka import Kafka
from devstack.postgres import Postgres
from devstack.s3 import s3_component
from devstack.state import State, StateFile, default_folder

_START_TIMEOUT_SECONDS = 60.0
# Told at each step: the component's title and what happens to it.
Progress = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class ComponentStatus:
    name: str
    title: str
    address: str
    state: str
    pid: int | None
    log_path: Path | None

    @property
    def is_up(self) -> bool:
        return self.state in {"up", "external"}


class Stack:
    """The services of one folder. Every call may come from another process; a lock keeps them apart."""

    def __init__(self, folder: Path | None = None) -> None:
        """Use ``folder``, or the default one; nothing is touched yet.

        Raises:
            StackError: AEGIS_STACK_S3 names a store that cannot be had.

        """
        self.folder = folder or default_folder()
        self._file = StateFile(self.folder)
        self.components: tuple[Component, ...] = (Kafka(), Postgres(), s3_component())

    def up(self, progress: Progress = lambda *_: None) -> dict[str, str]:
        """Start what is not running, side by side; return the variables by which the product reaches it all.

        Raises:
            StackError: a service could not be fetched or started.

        """
        with self._file.locked():
            state = self._file.read()
            missing = [item for item in self._ours() if not self._is_up(item, state)]
            try:
                with ThreadPoolExecutor(max(1, len(missing))) as threads:
                    list(threads.map(lambda item: self._start(item, state, progress), missing))
            finally:
                self._file.write(state)
        return self.variables()

    def down(self) -> list[str]:
        """Stop what runs, keeping its data; return the titles of what was stopped."""
        with self._file.locked():
            state = self._file.read()
            beside = self._end_companions(state)
            running = [item for item in self.components if supervision.find(state.processes.get(item.name))]
            with ThreadPoolExecutor(max(1, len(running))) as threads:
                list(threads.map(lambda item: self._stop(item, state, item.stop_signal), running))
            self._file.write(state)
        return [*beside, *(item.title for item in running)]

    def accompany(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], is_ready: Callable[[], bool]
    ) -> None:
        """Run a program beside the services, in place of an earlier one of this name, until they are stopped.

        Raises:
            StackError: it died, or did not answer in time.

        """
        with self._file.locked():
            state = self._file.read()
            supervision.stop(state.processes.pop(name, None), number=signal.SIGTERM)
            log_path = self.folder / "logs" / f"{name}.log"
            log_path.parent.mkdir(parents=True, exist_ok=True)
            process = supervision.spawn(command, log_path=log_path, environment=environment)
            state.processes[name] = process
            self._file.write(state)
            supervision.wait_until_ready(
                f"the {name}", process, is_ready, log_path=log_path, timeout_seconds=_START_TIMEOUT_SECONDS
            )

    def free_port(self, name: str) -> int:
        """Return the port of this name: the same one each time, so that an address stays good."""
        with self._file.locked():
            state = self._file.read()
            port = state.port(name)
            self._file.write(state)
        return port

    def reset(self) -> None:
        """Stop everything and remove every trace of it."""
        self.down()
        shutil.rmtree(self.folder, ignore_errors=True)
        if self.folder == default_folder():
            # The folder above it is ours too, unless somebody keeps something there.
            with suppress(OSError):
                self.folder.parent.rmdir()

    def start(self, name: str) -> None:
        """Start one service again, on its port and its data."""
        with self._file.locked():
            state = self._file.read()
            self._start(self._named(name), state, lambda *_: None)
            self._file.write(state)

    def stop(self, name: str, *, kill: bool = False) -> None:
        """Stop one service; ``kill`` as a power cut of its process would."""
        with self._file.locked():
            state = self._file.read()
            component = self._named(name)
            self._stop(component, state, signal.SIGKILL if kill else component.stop_signal)
            self._file.write(state)

    def status(self) -> list[ComponentStatus]:
        """Return how each service is now."""
        state = self._file.read()
        return [self._status_of(component, state) for component in self.components]

    def variables(self) -> dict[str, str]:
        """Return the variables of the running services; those already set in the environment are left out.

        Raises:
            StackError: a service does not run.

        """
        state = self._file.read()
        merged: dict[str, str] = {}
        for component in self._ours():
            if not self._is_up(component, state):
                raise StackError(f"{component.title} is not running: aegis stack up")
            merged.update(component.variables(state))
        return merged

    def state(self) -> State:
        """Return what is remembered: ports, secrets, processes."""
        return self._file.read()

    def log_path(self, name: str) -> Path:
        return self.folder / "logs" / f"{self._named(name).name}.log"

    def _ours(self) -> list[Component]:
        return [item for item in self.components if not os.environ.get(item.external_variable)]

    def _named(self, name: str) -> Component:
        for component in self.components:
            if name in {component.name, "s3" if component.name in {"seaweedfs", "minio"} else component.name}:
                return component
        names = ", ".join(item.name for item in self.components)
        raise StackError(f"there is no service {name!r}: choose one of {names}")

    def _is_up(self, component: Component, state: State) -> bool:
        return supervision.find(state.processes.get(component.name)) is not None and component.is_ready(state)

    def _start(self, component: Component, state: State, progress: Progress) -> None:
        supervision.stop(state.processes.get(component.name), number=signal.SIGKILL)
        component.prepare(self.folder, state, lambda step: progress(component.title, step))
        log_path = self.log_path(component.name)
        log_path.parent.mkdir(parents=True, exist_ok=True)
        progress(component.title, "starting")
        process = supervision.spawn(
            component.command(self.folder, state),
            log_path=log_path,
            environment=component.process_environment(),
            user=component.user(),
        )
        state.processes[component.name] = process
        supervision.wait_until_ready(
            component.title,
            process,
            lambda: component.is_ready(state),
            log_path=log_path,
            timeout_seconds=_START_TIMEOUT_SECONDS,
        )
        component.finish(state)
        progress(component.title, "up")

    def _end_companions(self, state: State) -> list[str]:
        names = sorted(set(state.processes) - {item.name for item in self.components})
        running = [name for name in names if supervision.find(state.processes[name])]
        for name in names:
            supervision.stop(state.processes.pop(name), number=signal.SIGTERM)
        return running

    def _stop(self, component: Component, state: State, number: signal.Signals) -> None:
        supervision.stop(state.processes.pop(component.name, None), number=number)
        component.sweep(state)

    def _status_of(self, component: Component, state: State) -> ComponentStatus:
        outside = os.environ.get(component.external_variable)
        if outside:
            address = outside.rsplit("@", maxsplit=1)[-1]
            return ComponentStatus(component.name, component.title, address, "external", None, None)
        process = supervision.find(state.processes.get(component.name))
        if process is None:
            return ComponentStatus(component.name, component.title, "", "down", None, None)
        answers = "up" if component.is_ready(state) else "not answering"
        log_path = self.log_path(component.name)
        return ComponentStatus(
            component.name, component.title, component.address(state), answers, process.pid, log_path
        )

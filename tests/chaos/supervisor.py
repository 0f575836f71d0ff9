"""The processes under chaos: started again whenever they were killed, as a supervisor would, and in no other case."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psutil

from tests.chaos.scenario import Scenario

_LOOK_SECONDS = 0.1
_END_SECONDS = 60


class Supervisor:
    """Keeps every process of a scenario running."""

    def __init__(self, scenario: Scenario, environment: Mapping[str, str], folder: Path) -> None:
        self._scenario = scenario
        self._environment = {**os.environ, **environment}
        self._folder = folder
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._killed: set[int] = set()
        self.unasked_exits: list[str] = []
        self.starts = 0

    def start_all(self) -> None:
        for name in self._scenario.processes:
            self._start(name)

    async def watch(self) -> None:
        """Start again what ended; runs until it is cancelled."""
        while True:
            for name, process in list(self._processes.items()):
                code = process.poll()
                if code is None:
                    continue
                if process.pid not in self._killed:
                    self.unasked_exits.append(f"{name} with {code}")
                self._start(name)
            await asyncio.sleep(_LOOK_SECONDS)

    def kill(self, name: str) -> None:
        process = self._processes[name]
        self._killed.add(process.pid)
        process.kill()

    def suspend(self, name: str) -> None:
        self._processes[name].send_signal(signal.SIGSTOP)

    def resume(self, name: str) -> None:
        self._processes[name].send_signal(signal.SIGCONT)

    def memory_bytes(self) -> dict[str, int]:
        """Return what each process holds in memory now."""
        held = {}
        for name, process in self._processes.items():
            with suppress(psutil.NoSuchProcess):
                held[name] = psutil.Process(process.pid).memory_info().rss
        return held

    def end_all(self) -> dict[str, int]:
        """Tell all of them to end, and return their exit codes; one that does not obey is killed, and has -9."""
        for process in self._processes.values():
            process.send_signal(signal.SIGCONT)
            process.send_signal(signal.SIGTERM)
        codes = {}
        for name, process in self._processes.items():
            try:
                codes[name] = process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                codes[name] = process.wait()
        return codes

    def log_path(self, name: str) -> Path:
        return self._folder / f"{name}.log"

    def _start(self, name: str) -> None:
        environment = dict(self._environment)
        if self._scenario.is_static(name):
            environment["AEGIS_STREAM_GROUP_INSTANCE_ID"] = name
        with self.log_path(name).open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [sys.executable, "-m", "consumer", name.partition("-")[0]],
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.starts += 1

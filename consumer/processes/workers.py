"""Several processes of one service on one machine: started together, replaced when they die, drained together."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

import structlog

from consumer.concurrency.backoff import Backoff
from consumer.concurrency.cpus import available_cpus
from consumer.settings import OperationsSettings
from consumer.telemetry.logs import configure_logging

_log = structlog.get_logger(__name__)
_MISCONFIGURED: Final = 2
_BACKOFF: Final = Backoff(first_seconds=0.5, cap_seconds=30.0)
# Who ran for so long did not die of its start.
_SETTLED_SECONDS: Final = 60.0


def run_workers(service: str, count: int) -> int:
    """Keep ``count`` processes of the service running until SIGTERM or SIGINT; return the exit code.

    0: all drained; 2: they cannot start as they are configured; else the code of one that did not end well.
    """
    operations = OperationsSettings()
    configure_logging(operations.log_level, operations.log_format)
    return asyncio.run(_Workers(service, count).run())


def worker_environment(index: int, count: int, environment: Mapping[str, str]) -> dict[str, str]:
    """Return what one of several processes is told instead of what all are.

    A static member and a port of one's own need a name and a number of one's own; the CPUs are shared out.
    """
    own = dict(environment)
    if name := environment.get("AEGIS_STREAM_GROUP_INSTANCE_ID"):
        own["AEGIS_STREAM_GROUP_INSTANCE_ID"] = f"{name}-{index}"
    if (port := environment.get("AEGIS_OPS_PORT", "0")) != "0":
        own["AEGIS_OPS_PORT"] = str(int(port) + index)
    own.setdefault("AEGIS_MODEL_WORKERS", str(max(1, available_cpus() // count)))
    return own


class _Workers:
    def __init__(self, service: str, count: int) -> None:
        self._service = service
        self._count = count
        self._processes: dict[int, asyncio.subprocess.Process] = {}
        self._stopping = asyncio.Event()

    async def run(self) -> int:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop, number)
        codes = await asyncio.gather(*(self._keep(index) for index in range(self._count)))
        return max(abs(code) for code in codes)

    def _stop(self, number: signal.Signals) -> None:
        """Pass the signal on: the first one drains a worker, the second one ends it at once."""
        self._stopping.set()
        for process in self._processes.values():
            with suppress(ProcessLookupError):
                process.send_signal(number)

    async def _keep(self, index: int) -> int:
        attempt = 0
        while True:
            started = time.monotonic()
            code = await self._run_one(index)
            if code == _MISCONFIGURED:
                self._stop(signal.SIGTERM)
                return code
            if self._stopping.is_set():
                # One that was told before it could listen held nothing yet.
                return 0 if code in {-signal.SIGTERM, -signal.SIGINT} else code
            attempt = 1 if time.monotonic() - started > _SETTLED_SECONDS else attempt + 1
            delay_seconds = _BACKOFF.delay_seconds(attempt)
            _log.error("worker.ended", worker=index, exit_code=code, restart_in_seconds=round(delay_seconds, 1))
            with suppress(TimeoutError):
                async with asyncio.timeout(delay_seconds):
                    await self._stopping.wait()
                return 0

    async def _run_one(self, index: int) -> int:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "consumer", self._service),
            env=worker_environment(index, self._count, os.environ),
            # A Ctrl-C reaches them through us, once.
            start_new_session=True,
        )
        self._processes[index] = process
        if self._stopping.is_set():
            process.terminate()
        _log.info("worker.started", worker=index, pid=process.pid)
        try:
            return await process.wait()
        finally:
            del self._processes[index]

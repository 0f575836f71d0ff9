"""What every consumer process has around its work: signals, probes, metrics, logs."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

import structlog

from consumer.concurrency.backoff import Backoff
from consumer.concurrency.waits import first_of
from consumer.kafka.errors import FATAL_ERRORS, refusal
from consumer.processes.dependencies import Dependency, Destinations, watched
from consumer.processes.freed_memory import give_back_freed_memory, leave_alone_what_stays
from consumer.services.errors import StartupError
from consumer.settings import OperationsSettings
from consumer.stream.engine import StreamEngine
from consumer.stream.partitions.static_member import InstanceIdTakenError
from consumer.telemetry.health import Health
from consumer.telemetry.http import serve_operations
from consumer.telemetry.logs import configure_logging
from consumer.telemetry.loop_lag import measure_loop_lag
from consumer.telemetry.metric_spec import Reporter
from consumer.telemetry.metrics import Metrics
from consumer.tracing.setup import tracing

_log = structlog.get_logger(__name__)
_ENDED_BY_SECOND_SIGNAL = 130

OpenedT = TypeVar("OpenedT")


@dataclass(frozen=True, slots=True)
class Process:
    """The shell of one process: what it measures, how it is probed, and when it shall stop."""

    stop: asyncio.Event
    health: Health
    metrics: Metrics

    @staticmethod
    @asynccontextmanager
    async def open(name: Reporter, settings: OperationsSettings) -> AsyncIterator[Process]:
        """Configure logs and traces, serve the operations port, and listen for signals."""
        configure_logging(settings.log_level, settings.log_format)
        process = Process(asyncio.Event(), Health(), Metrics(name))
        async with (
            _stop_on_signals(process.stop),
            serve_operations(settings.host, settings.port, process.health, process.metrics) as port,
            measure_loop_lag(process.metrics),
            give_back_freed_memory(),
        ):
            with tracing(f"aegis-{name}"):
                _log.info("process.started", service=name, pid=os.getpid(), operations=f"http://{settings.host}:{port}")
                yield process
            _log.info("process.stopped", service=name)


async def until_open(
    name: str,
    attempt: Callable[[], Awaitable[OpenedT]],
    process: Process,
    backoff: Backoff,
    *,
    hopeless: type[Exception],
    outage: type[Exception],
) -> OpenedT | None:
    """Open what a process cannot begin without, for as long as it cannot be reached; None when stopped before.

    Readiness tells meanwhile what is the matter.

    Raises:
        StartupError: what was raised is ``hopeless``, so that waiting would not help.

    """
    problem = "not reached yet"
    process.health.add_readiness(name, lambda: problem)
    attempts = 0
    while not process.stop.is_set():
        try:
            return await attempt()
        except hopeless as error:
            raise StartupError(str(error)) from error
        except outage as error:
            attempts += 1
            problem, delay_seconds = str(error), backoff.delay_seconds(attempts)
            _log.warning(f"{name}.unavailable", error=problem, retry_in_seconds=round(delay_seconds, 1))
            await first_of(process.stop.wait(), timeout_seconds=delay_seconds)
    return None


async def run_engine(
    process: Process, engine: StreamEngine, services: Sequence[Dependency], destinations: Destinations
) -> None:
    """Run an engine until the process shall stop, and let the probes tell how it is.

    Raises:
        StartupError: the brokers refuse us, or another process has our name, and waiting would not help.

    """
    process.health.add_liveness("stream", engine.liveness_problem)
    process.health.add_readiness("stream", engine.readiness_problem)
    leave_alone_what_stays()
    try:
        async with watched(process.health, services, destinations):
            await engine.run(process.stop)
    except FATAL_ERRORS as error:
        raise StartupError(f"Kafka refuses us: {refusal(error)}") from error
    except InstanceIdTakenError as error:
        raise StartupError(str(error)) from error


@asynccontextmanager
async def _stop_on_signals(stop: asyncio.Event) -> AsyncIterator[None]:
    """Set ``stop`` at SIGTERM or SIGINT; a second one ends the process at once.

    Ending at once is safe: what is not committed is delivered again.
    """
    loop = asyncio.get_running_loop()

    def on_signal(name: str) -> None:
        if stop.is_set():
            _log.warning("process.ended", signal=name, help="what was in flight will be delivered again")
            os._exit(_ENDED_BY_SECOND_SIGNAL)
        _log.info("process.draining", signal=name)
        stop.set()

    numbers = (signal.SIGTERM, signal.SIGINT)
    for number in numbers:
        loop.add_signal_handler(number, on_signal, number.name)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)

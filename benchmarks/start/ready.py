"""How long each process takes from its start until it is ready, and how much CPU time that is.

    python -m benchmarks.start.ready

Starts one process of a kind after the other on a Kafka, an S3 store and a PostgreSQL of its own, and asks `/readyz`
until it says yes: then a group has given it its partitions, a model is loaded and has run, and every service that it
needs has answered.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Final

import click
import psutil

from benchmarks.support.figures import Figure, report
from benchmarks.support.services import make, new_pipeline
from consumer.__main__ import SERVICES
from devstack import Stack
from testkit.running import Pipeline, ServiceProcess, texture

GOAL_SECONDS: Final = 1.0
_LOOK_SECONDS: Final = 0.01
_MOST_SECONDS: Final = 60


@click.command()
@click.option("--rounds", default=5, show_default=True, help="Starts of each; their medians are reported.")
@click.option("--bundle", type=click.Path(exists=True, path_type=Path), help="Model; aegis-mini where none is named.")
def main(rounds: int, bundle: Path | None) -> None:
    """Measure and report."""
    with tempfile.TemporaryDirectory(prefix="aegis-ready-") as folder:
        stack = Stack(Path(folder) / "stack")
        stack.up()
        try:
            model = {} if bundle is None else {"AEGIS_MODEL_BUNDLE": str(bundle)}
            pipeline = new_pipeline(stack, Path(folder), AEGIS_GATEWAY_PORT="0", AEGIS_OPS_PORT="0", **model)
            make(pipeline, "topics", "tables")
            pipeline.upload(texture())
            made = pipeline.aegis("lake", "init")
            if made.returncode:
                raise click.ClickException(made.stderr)
            report("ready", [figure for name in SERVICES for figure in _measured(pipeline, name, rounds)])
        finally:
            stack.reset()


def _measured(pipeline: Pipeline, name: str, rounds: int) -> list[Figure]:
    spent = [_start(pipeline.service(name)) for _ in range(rounds)]
    seconds, cpu_seconds = (statistics.median(values) for values in zip(*spent, strict=True))
    return [
        Figure(f"{name}_ready", seconds, "s", GOAL_SECONDS, "lower"),
        Figure(f"{name}_ready_cpu", cpu_seconds, "CPU s", None, "lower"),
    ]


def _start(service: ServiceProcess) -> tuple[float, float]:
    """Start it, wait, stop it; return the seconds, and the CPU seconds, until it was ready."""
    started = time.perf_counter()
    service.start()
    try:
        while not _is_ready(service):
            if service.process.poll() is not None or time.perf_counter() - started > _MOST_SECONDS:
                raise click.ClickException(service.log_path.read_text()[-2000:])
            time.sleep(_LOOK_SECONDS)
        seconds = time.perf_counter() - started
        times = psutil.Process(service.process.pid).cpu_times()
        return seconds, times.user + times.system
    finally:
        service.stop()


def _is_ready(service: ServiceProcess) -> bool:
    if not service.log_path.exists() or "process.started" not in service.log_path.read_text():
        return False
    return set(service.readiness().values()) == {"ok"}


if __name__ == "__main__":
    main()

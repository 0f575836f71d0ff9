"""`aegis demo`: the whole pipeline on this machine, from textures in game files to rows in PostgreSQL."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console

from aegis.demo_view import ROWS_SHOWN, DemoView, closing_line, hints, tag_table
from aegis.errors import UserError
from aegis.stack import start_stack
from consumer.storage.reads import TagReader
from producer_tools.connections import connections_from_environment
from producer_tools.run import ExtractRequest, RunReport, run_extraction
from producer_tools.settings import ExtractSettings, SpoolSettings
from producer_tools.tag_watch import TagsCame
from schemas.connections import DatabaseConnection

SAMPLES = Path(__file__).resolve().parent.parent / "samples"
_SERVICES = ("tagger", "sink")
_STOP_TIMEOUT_SECONDS = 45
_LOG_LINES = 15
# In cells; where no terminal says how wide it is, too.
_PICTURE_WIDTH = 110
_PICTURE_ROWS = 24


@click.command("demo")
@click.option(
    "--wait", "wait_seconds", default=120.0, show_default=True, help="Seconds to wait for tags, then for rows."
)
@click.option("--picture", type=click.Path(path_type=Path), help="Also write what is printed as SVG.")
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
def command(paths: tuple[Path, ...], *, wait_seconds: float, picture: Path | None) -> None:
    """Start the services, a tagger and a sink; extract PATHS (default: samples/), tag, store, and show the tags.

    Kafka, PostgreSQL and S3 stay up afterwards: `aegis stack down` stops them, `aegis stack reset` removes all.
    """
    if not paths and not SAMPLES.is_dir():
        raise UserError("there is no samples/ folder beside the program; name textures: aegis demo PATH…")
    fixed_width = picture is not None or not sys.stdout.isatty()
    console = Console(record=picture is not None, highlight=False, width=_PICTURE_WIDTH if fixed_width else None)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL + 1)
    stack = start_stack(Console(stderr=True))
    for name, value in stack.variables().items():
        os.environ.setdefault(name, value)
    folder = stack.folder / "demo"
    for verb in (("topics", "apply"), ("db", "migrate")):
        _aegis(*verb)
    request = ExtractRequest(
        paths=paths or (SAMPLES,), output=folder / "extracted", ai_tagging=True, wait_seconds=wait_seconds
    )
    started = time.monotonic()
    with _services(folder) as running, DemoView(Console(stderr=True, highlight=False)) as view:
        report, stored = asyncio.run(_follow(request, folder, view, running, wait_seconds))
    console.print(tag_table(report, ROWS_SHOWN if picture is None else _PICTURE_ROWS))
    console.print(closing_line(report, stored), soft_wrap=True)
    console.print(f"[dim]in {time.monotonic() - started:.1f} s, services excluded[/]")
    for line in hints([texture.asset_id for texture in report.textures]):
        console.print(line, soft_wrap=True)
    if picture is not None:
        console.save_svg(str(picture), title="make demo")
    if report.refused or stored < len(report.textures):
        raise SystemExit(1)


async def _follow(
    request: ExtractRequest,
    folder: Path,
    view: DemoView,
    running: dict[str, subprocess.Popen[bytes]],
    wait_seconds: float,
) -> tuple[RunReport, int]:
    connections = connections_from_environment()
    spool = SpoolSettings(dir=folder / "spool")
    extraction = asyncio.create_task(run_extraction(request, connections, ExtractSettings(), spool, view.progress))
    while not extraction.done():
        await asyncio.wait([extraction], timeout=0.5)
        for name, process in running.items():
            if process.poll() is not None:
                extraction.cancel()
                raise UserError(f"the {name} ended with code {process.returncode}:\n{_last_lines(folder, name)}")
    report = extraction.result()
    return report, await _stored(report, view, wait_seconds)


async def _stored(report: RunReport, view: DemoView, wait_seconds: float) -> int:
    """Count the rows that this run's events made, waiting for the last of them."""
    event_ids = [came.tagged.event_id for came in report.tags.values() if isinstance(came, TagsCame)]
    deadline = time.monotonic() + wait_seconds
    async with await TagReader.open(DatabaseConnection()) as reader, reader.session() as connection:
        while True:
            count = int(await connection.fetchval("SELECT count(*) FROM assets WHERE event_id = ANY($1)", event_ids))
            view.stored(count, len(event_ids))
            if count >= len(event_ids) or time.monotonic() > deadline:
                return count
            await asyncio.sleep(0.05)


@contextmanager
def _services(folder: Path) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """Run a tagger and a sink, their logs beside the demo's files; both drain and leave their group at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    running: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for name in _SERVICES:
            with (folder / f"{name}.log").open("wb") as log:
                running[name] = subprocess.Popen(  # noqa: S603 - our own program
                    [sys.executable, "-m", "consumer", name], stdout=log, stderr=log
                )
        yield running
    finally:
        for process in running.values():
            process.terminate()
        for process in running.values():
            try:
                process.wait(_STOP_TIMEOUT_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _aegis(*arguments: str) -> None:
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "aegis", *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise UserError(f"aegis {' '.join(arguments)}: {done.stderr.strip()}")


def _last_lines(folder: Path, name: str) -> str:
    return "\n".join((folder / f"{name}.log").read_text(errors="replace").splitlines()[-_LOG_LINES:])

"""What `aegis demo` does: it starts everything, extracts, waits for tags and rows, and shows them."""

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

from rich.console import Console

from aegis.shared.errors import UserError
from aegis.shared.output import is_terminal, print_json_lines
from aegis.verbs.local.stack import start_stack
from aegis.views.demo import DemoView, closing_line, findings_lines, hints, print_tags, tag_table
from consumer.storage.tables.reads import TagReader
from devstack import Stack, StackError
from devstack.state import LOOPBACK, is_listening
from producer_tools.delivery.connections import connections_from_environment
from producer_tools.following.tag_watch import TagsCame
from producer_tools.run import ExtractRequest, RunReport, run_extraction, texture_json
from producer_tools.settings import ExtractSettings, SpoolSettings
from schemas.connections import DatabaseConnection

_SERVICES = ("tagger", "sink")
_STOP_TIMEOUT_SECONDS = 45
_LOG_LINES = 15
_PICTURE_WIDTH_CELLS = 110
_PICTURE_ROWS = 24


def run_demo(paths: tuple[Path, ...], wait_seconds: float, picture: Path | None, *, as_json: bool) -> bool:
    """Run the pipeline over the paths; return whether every texture was stored, raise UserError if a part fails."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL + 1)
    stack = start_stack(Console(stderr=True))
    for name, value in stack.variables().items():
        os.environ.setdefault(name, value)
    folder = stack.folder / "demo"
    for verb in (("topics", "apply"), ("db", "migrate")):
        _aegis(*verb)
    request = ExtractRequest(paths=paths, output=folder / "extracted", ai_tagging=True, wait_seconds=wait_seconds)
    started = time.monotonic()
    with _services(folder) as running, DemoView(Console(stderr=True, highlight=False)) as view:
        report, stored = asyncio.run(_follow(request, folder, view, running, wait_seconds))
    spent_seconds = time.monotonic() - started
    _show(report, stored, spent_seconds, picture, _page(stack), as_json=as_json)
    return not report.refused and stored >= len(report.textures)


def _page(stack: Stack) -> str:
    """Run a gateway beside the services, until they are stopped; return the address of its page."""
    # Not what AEGIS_GATEWAY_PORT says, which is for a gateway of one's own.
    port = stack.free_port("gateway")
    environment = {"AEGIS_GATEWAY_HOST": LOOPBACK, "AEGIS_GATEWAY_PORT": str(port), "AEGIS_OPS_PORT": "0"}
    try:
        stack.accompany(
            "gateway", [sys.executable, "-m", "consumer", "gateway"], environment, lambda: is_listening(port)
        )
    except StackError as error:
        raise UserError(str(error)) from error
    return f"http://{LOOPBACK}:{port}/"


def _show(
    report: RunReport, stored: int, spent_seconds: float, picture: Path | None, page: str, *, as_json: bool
) -> None:
    if as_json:
        print_json_lines(texture_json(report, texture) for texture in report.textures)
    width = None if picture is None else _PICTURE_WIDTH_CELLS
    console = Console(record=picture is not None, highlight=False, width=width, stderr=as_json)
    if picture is not None:
        console.print(tag_table(report, _PICTURE_ROWS))
    elif is_terminal() and not as_json:
        console.print(tag_table(report))
    elif not as_json:
        print_tags(report)
    console.print(closing_line(report, stored), soft_wrap=True)
    console.print(f"[dim]in {spent_seconds:.1f} s, services excluded[/]")
    for line in findings_lines(report):
        console.print(line, soft_wrap=True)
    for line in hints([texture.asset_id for texture in report.textures], page):
        console.print(line, soft_wrap=True)
    if picture is not None:
        console.save_svg(str(picture), title="make demo")


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
            query = connection.sql("SELECT count(*) FROM {schema}.assets WHERE event_id = ANY($1)")
            count = int(await connection.fetchval(query, event_ids))
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

"""What `aegis replay` shows: a bar with rate and time left, and a line of what came of it."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Final, Self

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from consumer.replay.run import Progress as Done
from consumer.replay.run import ReplayReport
from consumer.replay.selection import Counts

_LINE_SECONDS: Final = 10.0


class ReplayView:
    """Progress on stderr; where nobody watches, a line now and then. The result on stdout."""

    def __init__(self, name: str) -> None:
        self._name = name
        console = Console(stderr=True, highlight=False)
        self._silent = not console.is_terminal
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[trouble]}", style="yellow"),
            console=console,
            transient=True,
            disable=self._silent,
            # Rates of an estimate over some seconds would jump with every commit.
            speed_estimate_period=60,
        )
        self._task = self._bars.add_task("reading", total=None, rate="", trouble="")
        self._pace = _Rate()
        self._line_at = time.monotonic() + _LINE_SECONDS

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def reading(self, behind: int, offsets: int) -> None:
        self._bars.update(self._task, description="reading", completed=behind, total=offsets)

    def progress(self, done: Done) -> None:
        rate = self._pace.of(done.done)
        self._bars.update(
            self._task,
            description="tagging",
            completed=done.done,
            total=done.total,
            rate=f"{rate:,.0f}/s",
            trouble=done.trouble or "",
        )
        if self._silent and time.monotonic() >= self._line_at:
            self._line_at = time.monotonic() + _LINE_SECONDS
            left = f", {(done.total - done.done) / rate:,.0f} s left" if rate else ""
            trouble = f", {done.trouble}" if done.trouble else ""
            click.echo(f"tagged {done.done} of {done.total}, {rate:,.0f}/s{left}{trouble}", err=True)

    def counted(self, report: ReplayReport) -> None:
        """Print what a dry run found."""
        click.echo(f"{report.counts.selected} assets would be tagged{_rest(report.counts)}")

    def ended(self, report: ReplayReport) -> None:
        if not report.complete:
            click.echo(
                f"stopped after {report.tagged_here} assets; it goes on with: aegis replay --name {self._name} "
                "(and the same options)",
                err=True,
            )
            return
        if not report.counts.selected and not report.tagged_here:
            click.echo(f"replay {self._name}: complete, nothing is left to do")
            return
        changed = f", {report.changed_since_here} changed meanwhile and left to live tagging"
        click.echo(
            f"replay {self._name}: complete, {report.counts.selected} assets, {report.tagged_here} of them tagged by "
            f"this process{changed if report.changed_since_here else ''}{_rest(report.counts)}"
        )


class _Rate:
    """What came a second, over the time since the first look."""

    def __init__(self) -> None:
        self._first: tuple[float, int] | None = None

    def of(self, done: int) -> float:
        now = time.monotonic()
        if self._first is None:
            self._first = (now, done)
        since, before = self._first
        return (done - before) / (now - since) if now > since else 0.0


def _rest(counts: Counts) -> str:
    parts = {
        "superseded by newer events": counts.superseded,
        "filtered out": counts.filtered_out,
        "removals": counts.removals,
        "no events (see the dead letters)": counts.malformed,
    }
    shown = [f"{count} {words}" for words, count in parts.items() if count]
    return f" ({', '.join(shown)})" if shown else ""

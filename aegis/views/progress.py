"""What runs over the whole corpus show: a bar with rate and time left; where nobody watches, a line now and then."""

from __future__ import annotations

import time
from typing import Final

import click
from rich.progress import TextColumn, TimeRemainingColumn

from aegis.views.bars import Bars
from consumer.replay.progress import Progress as Done

_LINE_SECONDS: Final = 10.0


class RunView(Bars):
    """Progress on stderr. ``doing`` names the work, e.g. tagging."""

    def __init__(self, doing: str) -> None:
        self._doing = doing
        super().__init__(
            None,
            after=(
                TextColumn("{task.fields[rate]}"),
                TimeRemainingColumn(),
                TextColumn("{task.fields[trouble]}", style="yellow"),
            ),
            # Progress comes in commits; an estimate over a few of them would jump.
            speed_estimate_period=60,
        )
        self._task = self._bars.add_task("reading", total=None, rate="", trouble="")
        self._pace = _Rate()
        self._line_at = time.monotonic() + _LINE_SECONDS

    def reading(self, behind: int, offsets: int) -> None:
        self._bars.update(self._task, description="reading", completed=behind, total=offsets)

    def progress(self, done: Done) -> None:
        rate = self._pace.of(done.done)
        self._bars.update(
            self._task,
            description=self._doing,
            completed=done.done,
            total=done.total,
            rate=f"{rate:,.0f}/s",
            trouble=done.trouble or "",
        )
        if not self.is_watched and time.monotonic() >= self._line_at:
            self._line_at = time.monotonic() + _LINE_SECONDS
            left = f", {(done.total - done.done) / rate:,.0f} s left" if rate else ""
            trouble = f", {done.trouble}" if done.trouble else ""
            click.echo(f"{self._doing}: {done.done} of {done.total}, {rate:,.0f}/s{left}{trouble}", err=True)


class _Rate:
    """What came a second, since the first look."""

    def __init__(self) -> None:
        self._first: tuple[float, int] | None = None

    def of(self, done: int) -> float:
        now = time.monotonic()
        if self._first is None:
            self._first = (now, done)
        since, before = self._first
        return (done - before) / (now - since) if now > since else 0.0


def in_brackets(counts: dict[str, int]) -> str:
    """Return what of these is not zero, as ` (3 of this, 1 of that)`."""
    shown = [f"{count} {words}" for words, count in counts.items() if count]
    return f" ({', '.join(shown)})" if shown else ""

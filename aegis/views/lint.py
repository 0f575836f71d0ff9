"""What `aegis lint` shows: a bar while it works, a table of findings, and what they come to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import click
from rich.progress import SpinnerColumn, TimeElapsedColumn
from rich.text import Text

from aegis.shared.output import is_terminal, print_table, print_text
from aegis.shared.tables import shown
from aegis.views.bars import Bars
from consumer.findings.check import Severity
from producer_tools.linting.report import LintReport

_ROWS_SHOWN: Final = 200
_REASONS_SHOWN: Final = 20
_CONVENTIONS: Final = {"directx": "DirectX", "opengl": "OpenGL", "undecided": "undecided"}
_COLOURS: Final = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan", Severity.INFO: "dim"}


class LintView(Bars):
    """Progress on stderr."""

    def __init__(self, *, silent: bool) -> None:
        super().__init__(None, SpinnerColumn(), after=(TimeElapsedColumn(),), disable=silent)
        self._textures = self._bars.add_task("looking over", total=None)

    def progress(self, count: int) -> None:
        """Show that so many more textures are done."""
        self._bars.advance(self._textures, count)


def print_report(report: LintReport, least: Severity) -> None:
    """Print the findings of this severity or worse, the worst first, and a summary."""
    rows = sorted(report.rows(least), key=lambda row: -row[1].severity.rank)
    # A person reads the first of many; a program reads all.
    some = rows[:_ROWS_SHOWN] if is_terminal() else rows
    print_table(
        ("texture", "finding", "severity", "value"),
        (
            (
                shown(texture.place),
                f"{found.id} {found.check.name}",
                Text(found.severity.value, style=_COLOURS[found.severity]),
                f"{found.value:g}",
            )
            for texture, found in some
        ),
        right={"value"},
        fold={"texture"},
    )
    if len(some) < len(rows):
        print_text(f"[dim]… {len(rows) - len(some)} more; --json lists them all[/]")
    for line in summary(report):
        # A program reads records on standard output, and nothing else.
        print_text(line) if is_terminal() else click.echo(Text.from_markup(line).plain, err=True)


def summary(report: LintReport) -> Iterator[str]:
    """Yield what the run came to, in sentences."""
    counts = ", ".join(
        f"{report.count(severity)} {severity.value}{'' if report.count(severity) == 1 else 's'}"
        for severity in (Severity.ERROR, Severity.WARNING, Severity.NOTE)
    )
    more = [f"{count} {word}" for count, word in ((report.suppressed, "suppressed"), (report.known, "known")) if count]
    yield f"[bold]{len(report.textures)} textures: {counts}[/]" + (f" ({', '.join(more)})" if more else "")
    conventions = report.normal_maps
    if total := sum(conventions.values()):
        words = "normal map" if total == 1 else "normal maps"
        told = (f"{conventions[key]} {name}" for key, name in _CONVENTIONS.items())
        yield f"{total} {words}: {', '.join(told)}"


def sentences(report: LintReport) -> Iterator[str]:
    """Yield a sentence for everything that could not be looked at."""
    others = [left for left in report.not_read if not left.named]
    yield from (f"skipped {left.place}: {left.reason}" for left in others[:_REASONS_SHOWN])
    if len(others) > _REASONS_SHOWN:
        yield f"skipped {len(others) - _REASONS_SHOWN} more; --json lists them all"
    yield from (f"Error: {left.place} cannot be read: {left.reason}." for left in report.not_read if left.named)

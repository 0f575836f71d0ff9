"""Records on standard output: a table on a terminal; elsewhere one line each, tab-separated and never folded."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.text import Text


_SEPARATORS = str.maketrans("\t\n\r", "   ")


def is_terminal() -> bool:
    """Return whether a person reads standard output."""
    return sys.stdout.isatty()


def print_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[str | Text]],
    *,
    right: Collection[str] = (),
    fold: Collection[str] = (),
) -> None:
    """Print records; cells may hold rich's markup. ``right``, ``fold``: columns aligned so, or folded where too long.

    Without a terminal there is no line of column names: what reads it counts records.
    """
    if not is_terminal():
        _print_lines(rows)
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in columns:
        table.add_column(name, justify="right" if name in right else "left", overflow="fold", no_wrap=name not in fold)
    for row in rows:
        table.add_row(*row)
    Console().print(table)


def print_facts(facts: Iterable[tuple[str, str | Text]]) -> None:
    """Print names and values, one pair per line."""
    if not is_terminal():
        _print_lines(facts)
        return
    from rich.console import Console
    from rich.table import Table

    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in facts:
        grid.add_row(name, value)
    Console(highlight=False).print(grid)


def print_text(text: str | Text) -> None:
    """Print text with rich's markup, folded by nobody."""
    from rich.console import Console

    Console(highlight=False, soft_wrap=True).print(text)


def print_json_lines(records: Iterable[Any]) -> None:
    """Print each record as a JSON object on a line of its own."""
    for record in records:
        click.echo(json.dumps(record, ensure_ascii=False, default=str))


def _print_lines(rows: Iterable[Sequence[str | Text]]) -> None:
    from rich.text import Text

    for row in rows:
        cells = (Text.from_markup(cell).plain if isinstance(cell, str) else cell.plain for cell in row)
        click.echo("\t".join(cell.translate(_SEPARATORS) for cell in cells))

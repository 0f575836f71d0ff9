"""What `aegis dlq` shows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from aegis.reading import shown
from producer_tools.dead_letters.letters import Letter
from producer_tools.dead_letters.overview import Group
from producer_tools.dead_letters.plan import Candidate, Fate
from producer_tools.dead_letters.redrive import RedriveReport
from schemas.dead_letters import HEADER_PREFIX, header_name

_VALUE_CHARS = 4000
_STAYING = {
    Fate.TOO_OFTEN: "were put back --max-replays times already: mend the cause, raise it, or drop them",
    Fate.NOT_WHOLE: "are not whole, as their records were too large; those lie where `aegis dlq show` says",
    Fate.NO_HISTORY: "have no history of this topic, so nobody knows where they belong: look at them, or drop them",
    Fate.GONE: "are gone from their topic, as their assets were removed since: drop them",
}


def groups_table(groups: Sequence[Group]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("letters", justify="right")
    for column in ("topic", "error", "stage", "disposition", "oldest", "newest", "replays", "e.g."):
        table.add_column(column, no_wrap=True)
    table.add_column("what the newest says", overflow="fold")
    for group in groups:
        trouble = group.trouble
        table.add_row(
            str(group.count),
            trouble.source_topic,
            shown(trouble.error_class),
            trouble.stage,
            trouble.disposition,
            _when(group.oldest),
            _when(group.newest),
            str(group.most_replays),
            str(group.example),
            shown(group.message[:200]),
        )
    return table


def letters_table(letters: Sequence[Letter]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("place", "asset", "error", "stage", "since", "replays", "what was wrong"):
        table.add_column(column, no_wrap=column not in {"asset", "what was wrong"})
    for letter in letters:
        message = letter.history.error_message if letter.history else "its headers hold no history"
        table.add_row(
            str(letter.place),
            shown(letter.asset_id),
            shown(letter.error_class),
            letter.stage,
            _when(letter.failed_at),
            str(letter.replay_count),
            shown(message[:200]),
        )
    return table


def print_letter(console: Console, letter: Letter) -> None:
    """Print a record and its history."""
    facts = Table(box=None, show_header=False, pad_edge=False)
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    facts.add_row("place", str(letter.place))
    facts.add_row("key", shown(letter.asset_id) if letter.key is not None else "none")
    if letter.history is None:
        facts.add_row("history", "its headers hold none that can be read")
    else:
        for field in fields(letter.history):
            value = str(getattr(letter.history, field.name))
            if value:
                facts.add_row(header_name(field.name).removeprefix(HEADER_PREFIX), shown(value))
    for name, header in letter.headers:
        if letter.history is None or not name.startswith(HEADER_PREFIX):
            text = "null" if header is None else header.decode("utf-8", errors="backslashreplace")
            facts.add_row(f"header {shown(name)}", shown(text[:500]))
    console.print(facts)
    console.print()
    console.print(shown_value(letter.value), highlight=False, soft_wrap=True)


def shown_value(value: bytes | None) -> str:
    """Return the value for a terminal: JSON indented, anything else as text without control characters."""
    if value is None:
        return "[dim]no value: a tombstone[/]"
    try:
        text = json.dumps(json.loads(value), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        text = value.decode("utf-8", errors="backslashreplace")
    lines = "\n".join(shown(line) for line in text[:_VALUE_CHARS].split("\n"))
    more = len(text) - _VALUE_CHARS
    return lines + (f"\n[dim]… {more} more characters; --raw prints all bytes[/]" if more > 0 else "")


def letter_json(letter: Letter) -> dict[str, Any]:
    history = letter.history
    return {
        "partition": letter.place.partition,
        "offset": letter.place.offset,
        "asset_id": letter.asset_id,
        "failed_at": letter.failed_at.isoformat(),
        "replay_count": letter.replay_count,
        "history": None if history is None else {field.name: getattr(history, field.name) for field in fields(history)},
    }


def summary(report: RedriveReport, *, dry_run: bool) -> list[str]:
    """Return sentences on what became of the letters, the main one first."""
    would = "would be put back" if dry_run else "put back"
    sentences = [f"{report.fates[Fate.PUT_BACK]} letters {would}"]
    if superseded := report.fates[Fate.SUPERSEDED]:
        closed = "would be closed" if dry_run else "closed"
        sentences.append(f"{superseded} {closed} without: a later record of their asset lies on the topic already")
    sentences += [f"{report.fates[fate]} {reason}" for fate, reason in _STAYING.items() if report.fates[fate]]
    return sentences


class RedriveBars:
    """Two bars on stderr, where somebody watches: reading the source topic, and putting back."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._looking = self._bars.add_task("looking for later records", total=None, visible=False)
        self._ending = self._bars.add_task("letters", total=None)

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def looked(self, seen: int, total: int) -> None:
        self._bars.update(self._looking, completed=seen, total=total, visible=True)

    def planned(self, count: int) -> None:
        self._bars.update(self._ending, total=count)

    def ended(self, fate: Fate, candidate: Candidate) -> None:  # noqa: ARG002 - the protocol's
        self._bars.advance(self._ending)


def _when(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"

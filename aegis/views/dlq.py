"""What `aegis dlq` shows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

import click
from rich.progress import TimeElapsedColumn

from aegis.shared.output import is_terminal, print_facts, print_table, print_text
from aegis.shared.tables import shown
from aegis.views.bars import Bars
from producer_tools.dead_letters.letters import Letter
from producer_tools.dead_letters.overview import Group
from producer_tools.dead_letters.plan import Candidate, Fate
from producer_tools.dead_letters.redrive import RedriveReport
from schemas.dead_letters import HEADER_PREFIX, header_name

_VALUE_CHARS = 4000
_STAYING = {
    Fate.TOO_OFTEN: "were redriven --max-replays times already: mend the cause, raise the limit, or drop them",
    Fate.NOT_WHOLE: "are not whole, as their records were too large; those lie where `aegis dlq show` says",
    Fate.NO_HISTORY: "have no history of this topic, so nobody knows where they belong: look at them, or drop them",
    Fate.GONE: "are gone from their topic, as their assets were removed since: drop them",
}


def print_groups(groups: Sequence[Group]) -> None:
    print_table(
        ("count", "topic", "error", "stage", "disposition", "oldest", "newest", "redrives", "e.g.", "newest message"),
        (
            (
                str(group.count),
                group.trouble.source_topic,
                shown(group.trouble.error_class),
                group.trouble.stage,
                group.trouble.disposition,
                _when(group.oldest),
                _when(group.newest),
                str(group.most_replays),
                str(group.example),
                shown(group.message[:200]),
            )
            for group in groups
        ),
        right={"count"},
        fold={"newest message"},
    )


def print_letters(letters: Mapping[str, Sequence[Letter]]) -> None:
    """Print the dead letters of each source topic."""
    print_table(
        ("topic", "place", "asset", "error", "stage", "since", "redrives", "message"),
        (
            (
                topic,
                str(letter.place),
                shown(letter.asset_id),
                shown(letter.error_class),
                letter.stage,
                _when(letter.failed_at),
                str(letter.replay_count),
                shown((letter.history.error_message if letter.history else "its headers hold no history")[:200]),
            )
            for topic, found in letters.items()
            for letter in found
        ),
        fold={"asset", "message"},
    )


def print_letter(letter: Letter) -> None:
    """Print a record and its history."""
    print_facts(_facts(letter))
    if is_terminal():
        click.echo()
    print_text(shown_value(letter.value))


def _facts(letter: Letter) -> Iterable[tuple[str, str]]:
    yield "place", str(letter.place)
    yield "key", shown(letter.asset_id) if letter.key is not None else "none"
    if letter.history is None:
        yield "history", "its headers hold none that can be read"
    else:
        for field in fields(letter.history):
            if value := str(getattr(letter.history, field.name)):
                yield header_name(field.name).removeprefix(HEADER_PREFIX), shown(value)
    for name, header in letter.headers:
        if letter.history is None or not name.startswith(HEADER_PREFIX):
            yield f"header {shown(name)}", shown(_text(header)[:500])


def shown_content(letter: Letter) -> dict[str, Any]:
    """Return headers and value as JSON holds them; bytes that are not UTF-8 become escapes."""
    return {
        "headers": {name: None if header is None else _text(header) for name, header in letter.headers},
        "value": None if letter.value is None else _text(letter.value),
    }


def _text(value: bytes | None) -> str:
    return "null" if value is None else value.decode("utf-8", errors="backslashreplace")


def shown_value(value: bytes | None) -> str:
    """Return the value for a terminal: JSON indented, anything else as text without control characters."""
    if value is None:
        return "[dim]no value: a tombstone[/]"
    try:
        text = json.dumps(json.loads(value), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        text = _text(value)
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
    would = "would be redriven" if dry_run else "redriven"
    sentences = [f"{report.fates[Fate.PUT_BACK]} dead letters {would}"]
    if superseded := report.fates[Fate.SUPERSEDED]:
        closed = "would be closed" if dry_run else "closed"
        sentences.append(f"{superseded} {closed} instead: the topic holds a later record of their asset")
    sentences += [f"{report.fates[fate]} {reason}" for fate, reason in _STAYING.items() if report.fates[fate]]
    sentences += [f"{place} stays: its record is refused ({why})" for place, why in report.refused]
    return sentences


class RedriveBars(Bars):
    """Two bars on stderr, where somebody watches: reading the source topic, and redriving."""

    def __init__(self) -> None:
        super().__init__(None, after=(TimeElapsedColumn(),))
        self._looking = self._bars.add_task("looking for later records", total=None, visible=False)
        self._ending = self._bars.add_task("dead letters", total=None)

    def looked(self, seen: int, total: int) -> None:
        self._bars.update(self._looking, completed=seen, total=total, visible=True)

    def planned(self, count: int) -> None:
        self._bars.update(self._ending, total=count)

    def ended(self, fate: Fate, candidate: Candidate) -> None:  # noqa: ARG002 - the protocol's
        self._bars.advance(self._ending)


def _when(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"

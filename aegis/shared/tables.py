"""What the verbs that read the tables share: opening them, and showing tags."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from rich.text import Text

    from consumer.storage.tables.reads import CurrentTag, TagReader

ResultT = TypeVar("ResultT")

_BAR_CELLS = 10
_PARTS = " ▏▎▍▌▋▊▉"

TAG_FIELDS = ("tag", "category", "confidence", "source", "source_model", "verdict")


def read(work: Callable[[TagReader], Awaitable[ResultT]], *, writes: bool = False) -> ResultT:
    """Run ``work`` on the tables, with ``writes`` on a server that takes them.

    Raises:
        click.ClickException: they cannot be read, and one sentence says why.

    """
    import asyncio

    from consumer.storage.errors import DatabaseError
    from consumer.storage.tables.reads import TagReader
    from schemas.connections import DatabaseConnection

    async def run() -> ResultT:
        async with await TagReader.open(DatabaseConnection(), writes=writes) as reader:
            return await work(reader)

    try:
        return asyncio.run(run())
    except DatabaseError as error:
        raise click.ClickException(str(error)) from error


def tags_line(tags: Iterable[CurrentTag], wanted: Iterable[str] = ()) -> Text:
    """Return tags with their confidences on one line; those that were asked for stand out."""
    from rich.text import Text

    line, asked = Text(), set(wanted)
    for tag in tags:
        if line:
            line.append("  ")
        # No space within: a tag and its number stay on one line.
        line.append(tag.tag, style="bold" if tag.tag in asked else "")
        line.append(f"·{_mark(tag)}", style=colour(tag.confidence))
    return line


def shown(text: str) -> str:
    """Return text out of game files as a terminal may show it: no control character, no markup of rich."""
    from rich.markup import escape

    return escape("".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text))


def bar(confidence: float) -> Text:
    """Return the confidence as a bar and a number."""
    from rich.text import Text

    whole, eighths = divmod(round(confidence * _BAR_CELLS * 8), 8)
    drawn = "█" * whole + (_PARTS[eighths] if eighths else "")
    return Text.assemble((drawn.ljust(_BAR_CELLS), colour(confidence)), f" {confidence:.2f}")


def colour(confidence: float) -> str:
    if confidence >= 0.7:
        return "green"
    return "yellow" if confidence >= 0.4 else "dim"


def said_by(tag: CurrentTag) -> str:
    return f"a person ({tag.verdict})" if tag.source == "human" else tag.source_model or ""


def tag_json(tag: CurrentTag) -> dict[str, Any]:
    return {name: getattr(tag, name) for name in TAG_FIELDS}


def _mark(tag: CurrentTag) -> str:
    return "✓" if tag.source == "human" else f"{tag.confidence:.2f}"

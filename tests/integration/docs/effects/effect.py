"""A command line, and how to see that it did what its document says."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.documents.facts import ROOT
from tests.documents.markdown import Block, blocks
from tests.documents.shell import commands
from tests.integration.docs.reader import Reader, Run

Look = Callable[[Reader, Run], None]
Check = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Effect:
    """``look`` fails unless the command did its work; of one that does not end by itself it looks while that runs."""

    look: Look
    # What must be there first and what no command of the document makes.
    arrange: Callable[[Reader], None] = lambda _: None
    until_interrupted: bool = False


@dataclass(frozen=True, slots=True)
class NotRun:
    """A command that cannot run in the tests, why, and what can be checked of it all the same."""

    reason: str
    check: Check
    arrange: Callable[[Reader], None] = lambda _: None


@dataclass(frozen=True, slots=True)
class Document:
    """One document's command lines, word for word but for their comments, with their effects."""

    path: str
    effects: dict[str, Effect | NotRun] = field(default_factory=dict)

    def commands(self) -> list[str]:
        """Return the command lines in their order; SQL as the document says to run it, and what cron would run."""
        text = (ROOT / self.path).read_text(encoding="utf-8")
        return [command for block in blocks(text) for command in commands(_as_shell(block))]

    def effect(
        self, command: str, arrange: Callable[[Reader], None] = lambda _: None, *, until_interrupted: bool = False
    ) -> Callable[[Look], Look]:
        """Register the function that looks at what a command did."""

        def register(look: Look) -> Look:
            self.effects[command] = Effect(look, arrange, until_interrupted)
            return look

        return register

    def not_run(self, reason: str, check: Check, *lines: str) -> None:
        self.effects.update({line: NotRun(reason, check) for line in lines})


def _as_shell(block: Block) -> str:
    match block.language:
        case "sh":
            return block.text
        case "sql":
            return "\n".join(f".venv/bin/aegis stack psql -c {shlex.quote(line)}" for line in block.text.splitlines())
        case "crontab":
            return "\n".join(line.split(maxsplit=5)[5] for line in block.text.splitlines())
        case _:
            return ""


def no_output(reader: Reader, run: Run) -> None:
    """Look at a command whose work the next ones need, and which prints nothing when all is well."""
    assert run.printed == ""

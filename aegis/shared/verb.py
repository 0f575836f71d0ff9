"""The classes of every verb: examples in each help text, and what happens before a verb runs.

Modules in ``aegis/verbs`` import what they run inside their functions, so that help and completion stay fast.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

CommandT = TypeVar("CommandT", bound=Callable[..., Any])


class Verb(click.Command):
    """One command line; ``examples`` are shown in its help as they are to be typed."""

    def __init__(self, *args: Any, examples: Sequence[str] = (), **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.examples = tuple(examples)

    def invoke(self, ctx: click.Context) -> Any:
        # The root command leaves its preparations here; help and wrong options are told without them.
        if callable(ctx.obj):
            ctx.obj()
        return super().invoke(ctx)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        write_examples(self.examples, formatter)
        super().format_epilog(ctx, formatter)


class VerbGroup(click.Group):
    """A verb with verbs of its own; its examples are the first ones of those."""

    command_class = Verb

    @property
    def examples(self) -> tuple[str, ...]:
        return tuple(verb.examples[0] for verb in self.commands.values() if isinstance(verb, Verb) and verb.examples)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, self.commands[name].get_short_help_str(limit=200)) for name in self.list_commands(ctx)]
            )

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        write_examples(self.examples, formatter)
        super().format_epilog(ctx, formatter)


def write_examples(examples: Sequence[str], formatter: click.HelpFormatter) -> None:
    if examples:
        with formatter.section("Examples"):
            for example in examples:
                # Never folded: an example is copied.
                formatter.write(f"{'':{formatter.current_indent}}{example}\n")


def json_lines(fields: Sequence[str]) -> Callable[[CommandT], CommandT]:
    """Add ``--json``, which prints one object per line; its help names the fields that each object has."""
    return click.option("--json", "as_json", is_flag=True, help=f"Print one JSON object per line: {', '.join(fields)}.")

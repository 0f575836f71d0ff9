"""Every verb of the command line, with its own verbs."""

from __future__ import annotations

from collections.abc import Iterator

import click

from aegis.__main__ import cli


def verbs(command: click.Command = cli, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield the words that lead to each command below one, and it; the one itself first, by ``path``."""
    yield path, command
    if isinstance(command, click.Group):
        ctx = click.Context(command)
        for name in command.list_commands(ctx):
            found = command.get_command(ctx, name)
            assert found is not None
            yield from verbs(found, (*path, name))

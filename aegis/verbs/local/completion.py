"""`aegis completion`: the script by which a shell completes commands and options."""

from __future__ import annotations

import click

from aegis.shared.errors import UserError
from aegis.shared.verb import Verb

_SHELLS = ("bash", "zsh", "fish")


@click.command(
    "completion",
    cls=Verb,
    examples=(
        "aegis completion bash > ~/.local/share/bash-completion/completions/aegis",
        "aegis completion zsh > ~/.zfunc/_aegis",
        "aegis completion fish > ~/.config/fish/completions/aegis.fish",
    ),
)
@click.argument("shell", type=click.Choice(_SHELLS), help="Shell that the script is for.")
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the script that completes commands and options in a shell."""
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    if found is None:
        raise UserError(f"there is no completion for {shell}: use {', '.join(_SHELLS)}")
    click.echo(found(ctx.find_root().command, {}, "aegis", "_AEGIS_COMPLETE").source())

"""`aegis run`: the services, as `python -m consumer` runs them."""

from __future__ import annotations

import sys

import click

from aegis.shared.verb import Verb, VerbGroup
from consumer.__main__ import GROUPS, MOST_WORKERS, SERVICES, run_service


@click.group("run", cls=VerbGroup)
def command() -> None:
    """Run a service until SIGTERM or Ctrl-C; it then finishes the records in flight."""


def _service(name: str, help_text: str) -> click.Command:
    def run(workers: int = 1) -> None:
        sys.exit(run_service(name, workers))

    workers = click.Option(
        ["--workers"],
        type=click.IntRange(1, MOST_WORKERS),
        default=1,
        show_default=True,
        metavar="N",
        help="Number of processes; those that die are replaced.",
    )
    is_group = name in GROUPS
    return Verb(
        name,
        callback=run,
        params=[workers] if is_group else [],
        help=help_text,
        examples=(f"aegis run {name}", *([f"aegis run {name} --workers 2"] if is_group else [])),
    )


for _name, _help in SERVICES.items():
    command.add_command(_service(_name, f"Run the {_name}, which {_help}."))

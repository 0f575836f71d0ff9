"""`aegis stack`: Kafka, PostgreSQL and S3 on this machine."""

from __future__ import annotations

import os
import shlex
import time
from typing import TYPE_CHECKING

import click

from aegis.shared.errors import UserError
from aegis.shared.output import print_json_lines, print_table
from aegis.shared.verb import VerbGroup, json_lines

if TYPE_CHECKING:
    from rich.console import Console

    from devstack import Stack

FIELDS = ("service", "state", "address", "pid")
_COLOURS = {"up": "green", "external": "cyan", "down": "dim", "not answering": "red"}


@click.group("stack", cls=VerbGroup)
def command() -> None:
    """Run Kafka, PostgreSQL and S3 on this machine.

    The folder AEGIS_STACK_DIR (.aegis/stack) keeps their data between runs. A service is not started if its address
    is set (AEGIS_KAFKA_BOOTSTRAP, AEGIS_S3_ENDPOINT, AEGIS_PG_DSN).
    """


@command.command(examples=("aegis stack up",))
def up() -> None:
    """Start the services that do not run; the first start fetches Kafka (46 MB)."""
    from rich.console import Console

    start_stack(Console(stderr=True))
    print_status()


@command.command(examples=("aegis stack status", "aegis stack status --json"))
@json_lines(FIELDS)
def status(*, as_json: bool) -> None:
    """Show the state, the address and the process of each service."""
    print_status(as_json=as_json)


@command.command(examples=('eval "$(aegis stack env)"',))
def env() -> None:
    """Print the variables with the addresses of the services, as commands of a shell."""
    from devstack import Stack, StackError

    try:
        variables = Stack().variables()
    except StackError as error:
        raise UserError(str(error)) from error
    for name, value in variables.items():
        click.echo(f"export {name}={shlex.quote(value)}")


@command.command(examples=("aegis stack logs kafka --lines 100",))
@click.argument("service", help="Service: kafka, postgres or s3.")
@click.option("-n", "--lines", default=40, show_default=True, help="Number of lines to show.")
def logs(service: str, lines: int) -> None:
    """Show the last lines of the log of a service."""
    from devstack import Stack, StackError
    from devstack.supervision import tail

    try:
        path = Stack().log_path(service)
    except StackError as error:
        raise UserError(str(error)) from error
    click.echo(tail(path, lines))


@command.command(
    context_settings={"ignore_unknown_options": True},
    examples=("aegis stack psql", "aegis stack psql -c 'select count(*) from aegis.assets'"),
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, help="Arguments for psql.")
def psql(arguments: tuple[str, ...]) -> None:
    """Open psql on the database."""
    from devstack import Stack, StackError, psql_program

    try:
        dsn = os.environ.get("AEGIS_PG_DSN") or Stack().variables()["AEGIS_PG_DSN"]
        program = str(psql_program())
    except StackError as error:
        raise UserError(str(error)) from error
    # In our place, so that it has the terminal and its exit code is ours.
    os.execv(program, ["psql", dsn, *arguments])  # noqa: S606 - no shell is wanted


@command.command(examples=("aegis stack down",))
def down() -> None:
    """Stop the services, and keep their data."""
    from devstack import Stack

    stopped = Stack().down()
    click.echo(f"stopped: {', '.join(stopped)}" if stopped else "nothing was running")


@command.command(examples=("aegis stack reset",))
def reset() -> None:
    """Stop the services, and remove them with all their data."""
    from devstack import Stack

    stack = Stack()
    stack.reset()
    click.echo(f"removed: {stack.folder}")


def start_stack(console: Console) -> Stack:
    """Start the stack and show the progress; raises UserError if it cannot be started."""
    from devstack import Stack, StackError

    started = time.monotonic()
    try:
        stack = Stack()
        with console.status("starting the services") as line:
            steps: dict[str, str] = {}

            def tell(title: str, step: str) -> None:
                steps[title] = step
                line.update(" · ".join(f"{name}: {at}" for name, at in steps.items() if at != "up"))

            stack.up(tell)
    except StackError as error:
        raise UserError(str(error)) from error
    console.print(f"services up after {time.monotonic() - started:.1f} s")
    return stack


def print_status(*, as_json: bool = False) -> None:
    from devstack import Stack

    items = Stack().status()
    if as_json:
        print_json_lines(
            dict(zip(FIELDS, (item.title, item.state, item.address, item.pid), strict=True)) for item in items
        )
        return
    print_table(
        FIELDS,
        ((item.title, f"[{_COLOURS[item.state]}]{item.state}[/]", item.address, str(item.pid or "")) for item in items),
    )

"""`aegis stack`: Kafka, PostgreSQL and S3 on this machine."""

from __future__ import annotations

import os
import shlex
import time

import click
from rich.console import Console
from rich.table import Table

from aegis.errors import UserError
from devstack import Stack, StackError, psql_program

_COLOURS = {"up": "green", "external": "cyan", "down": "dim", "not answering": "red"}


@click.group("stack")
def command() -> None:
    """Run Kafka, PostgreSQL and S3 on this machine.

    Data is kept between runs under AEGIS_STACK_DIR (.aegis/stack). A service whose variable is set
    (AEGIS_KAFKA_BOOTSTRAP, AEGIS_S3_ENDPOINT, AEGIS_PG_DSN) is taken from there instead.
    """


@command.command()
def up() -> None:
    """Start what is not running; the first time fetches Kafka (46 MB)."""
    start_stack(Console(stderr=True))
    print_status(Console())


@command.command()
def status() -> None:
    """Show each service, where it is and how it is."""
    print_status(Console())


@command.command()
def env() -> None:
    """Print the variables by which to reach the services: eval "$(aegis stack env)"."""
    try:
        variables = Stack().variables()
    except StackError as error:
        raise UserError(str(error)) from error
    for name, value in variables.items():
        click.echo(f"export {name}={shlex.quote(value)}")


@command.command()
@click.argument("service")
@click.option("-n", "--lines", default=40, show_default=True, help="How many of the last lines.")
def logs(service: str, lines: int) -> None:
    """Show the end of a service's log: kafka, postgres or s3."""
    from devstack.supervision import tail  # noqa: PLC0415 - only here

    try:
        path = Stack().log_path(service)
    except StackError as error:
        raise UserError(str(error)) from error
    click.echo(tail(path, lines))


@command.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def psql(arguments: tuple[str, ...]) -> None:
    """Open psql on the database, e.g. aegis stack psql -c 'select count(*) from aegis.assets'."""
    try:
        dsn = os.environ.get("AEGIS_PG_DSN") or Stack().variables()["AEGIS_PG_DSN"]
        program = str(psql_program())
    except StackError as error:
        raise UserError(str(error)) from error
    # In our place, so that it has the terminal and its exit code is ours.
    os.execv(program, ["psql", dsn, *arguments])  # noqa: S606 - no shell is wanted


@command.command()
def down() -> None:
    """Stop the services; their data stays."""
    stopped = Stack().down()
    click.echo(f"stopped: {', '.join(stopped)}" if stopped else "nothing was running")


@command.command()
def reset() -> None:
    """Stop the services and remove every trace of them, data included."""
    stack = Stack()
    stack.reset()
    click.echo(f"removed: {stack.folder}")


def start_stack(console: Console) -> Stack:
    """Start the stack, telling what happens; raises UserError where it cannot be started."""
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


def print_status(console: Console) -> None:
    table = Table(box=None)
    for column in ("service", "state", "address", "pid"):
        table.add_column(column, no_wrap=True)
    for item in Stack().status():
        colour = _COLOURS[item.state]
        table.add_row(item.title, f"[{colour}]{item.state}[/]", item.address, str(item.pid or ""))
    console.print(table)

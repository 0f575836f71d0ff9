"""Errors that a person caused and can mend."""

from __future__ import annotations

from typing import IO, Any

import click


class UserError(click.ClickException):
    """Ends the command with exit code 2 and one sentence that says what to do."""

    exit_code = 2

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"Error: {self.format_message()}", file=file, err=file is None)

"""Errors that a person caused and can mend."""

from __future__ import annotations

from typing import IO, Any

import click
from pydantic import ValidationError


class UserError(click.ClickException):
    """Ends the command with exit code 2 and one sentence that says what to do."""

    exit_code = 2

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"Error: {self.format_message()}", file=file, err=file is None)


def explain_settings(error: ValidationError) -> str:
    """Return what is wrong with the settings, a clause for each problem."""
    problems = []
    for item in error.errors(include_url=False, include_input=False):
        name = ".".join(str(part) for part in item["loc"])
        text = item["msg"].removeprefix("Value error, ")
        problems.append(text if text.startswith("AEGIS_") or not name else f"{name}: {text}")
    return "; ".join(problems)

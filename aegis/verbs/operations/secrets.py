"""`aegis secrets`: passwords for docker-compose.yml."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import click

from aegis.shared.errors import UserError
from aegis.shared.verb import VerbGroup

# The variables of docker-compose.yml that have no default.
SECRETS = ("POSTGRES_PASSWORD", "MINIO_ROOT_PASSWORD", "GRAFANA_ADMIN_PASSWORD", "GATEWAY_API_KEY")
_BYTES = 24


@click.group("secrets", cls=VerbGroup)
def command() -> None:
    """Make the passwords for docker-compose.yml."""


@command.command(examples=("aegis secrets init", "aegis secrets init --file production.env"))
@click.option(
    "--file",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path(".env"),
    show_default=True,
    help="File of variables that docker compose reads.",
)
def init(file: Path) -> None:
    """Write a random password for each variable that the file does not set yet, and keep the others."""
    try:
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        missing = [name for name in SECRETS if name not in set(_names(text))]
        if missing:
            _append(file, "" if not text or text.endswith("\n") else "\n", missing)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise UserError(f"{file} cannot be read and written: {reason}.") from error
    click.echo(f"{file}: made {', '.join(missing)}" if missing else f"{file}: every password is there, nothing to do")


def _append(file: Path, before: str, names: list[str]) -> None:
    lines = [f"{name}={secrets.token_hex(_BYTES)}\n" for name in names]
    # Hexadecimal: it stands in a DSN without quoting. Nobody else may read the file, from its first byte on.
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(before + "".join(lines))


def _names(text: str) -> Iterator[str]:
    for line in text.splitlines():
        name, found, value = line.removeprefix("export ").partition("=")
        if found and value.strip() and not name.lstrip().startswith("#"):
            yield name.strip()

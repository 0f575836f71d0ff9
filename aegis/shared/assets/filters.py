"""Options that say which assets are meant, the same for each verb that asks the tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from aegis.shared.errors import UserError
from consumer.storage.tables.search.filters import AGAIN, SAID

CommandT = TypeVar("CommandT", bound=Callable[..., Any])


def tag_options(min_confidence: float, min_confidence_help: str) -> Callable[[CommandT], CommandT]:
    """Give a command ``tags``, ``category`` and ``min_confidence``, which has a default and a meaning of its own."""
    return _together(
        click.option(
            "--tag", "tags", multiple=True, help="Tag that an asset must have; if repeated, all of them are required."
        ),
        click.option("--category", help="Category that a tag must be of, e.g. materials."),
        click.option(
            "--min-confidence",
            type=click.FloatRange(0, 1),
            default=min_confidence,
            show_default=True,
            help=min_confidence_help,
        ),
    )


def asset_options(finding_help: str) -> Callable[[CommandT], CommandT]:
    """Give a command what filters assets.

    That is ``folder``, ``game``, ``min_side``, ``max_side``, ``said``, ``findings``, ``relation`` and ``model``.
    """
    return _together(
        click.option("--folder", help="Folder, or several in a row, that the asset's path must have."),
        click.option("--game", help="Game that the asset is of."),
        click.option("--min-side", type=click.IntRange(1), help="Fewest pixels of the longer side."),
        click.option("--max-side", type=click.IntRange(1), help="Most pixels of the longer side."),
        click.option("--said", type=click.Choice(SAID), help="What a person must have said of one of its tags."),
        click.option("--finding", "findings", multiple=True, help=finding_help),
        click.option(
            "--relation",
            type=click.Choice(AGAIN),
            help="What it and another asset must be of each other, as the comparer found it; any: whatever it is.",
        ),
        click.option("--model", help="Id or digest of the model that tagged it."),
    )


def finding_names(findings: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of findings that were named by name or id; raises UserError."""
    from consumer.findings.registry import check_named

    try:
        return tuple(check_named(word).name for word in findings)
    except ValueError as error:
        raise UserError(f"--finding {error}") from error


def _together(*options: Callable[[Any], Any]) -> Callable[[CommandT], CommandT]:
    def decorate(command: CommandT) -> CommandT:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate

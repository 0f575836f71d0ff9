"""The `aegis` command: one module a verb, imported when it is called."""

from __future__ import annotations

import os
import sys
from importlib import import_module

import click
from pydantic import ValidationError

from aegis.environment import use_stack_where_unset
from aegis.errors import UserError
from schemas.settings_errors import explain_settings

_VERBS = {
    "demo": "Show the whole pipeline on this machine, with the textures in samples/",
    "extract": "Take textures out of game files, and hand them to the taggers",
    "publish": "Send the events that an outage kept in the local spool",
    "replay": "Tag again what was extracted, beside live tagging",
    "retag": "Apply another vocabulary to what is tagged already",
    "compare": "Show on a sample what another model or vocabulary would change",
    "switch": "Make the tables of a new model the current ones, and back",
    "tail": "Follow what is tagged, live",
    "tags": "Show the tags of one asset",
    "search": "Find assets by their tags, or by what they look like",
    "verdict": "Say whether a tag is right; no model overrules it",
    "dlq": "List, show, put back and drop records that could not be processed",
    "topics": "Create and list the Kafka topics",
    "bucket": "Create the bucket of the object store",
    "db": "Create and upgrade the PostgreSQL tables",
    "model": "Make, look at and measure model bundles",
    "tune": "Measure which settings run the model fastest here, and keep them",
    "taxonomy": "Check and compile the vocabulary of the tags",
    "stack": "Run Kafka, PostgreSQL and S3 on this machine",
    "secrets": "Make the passwords of docker-compose.yml",
    "docs": "Regenerate the reference pages and the schemas",
}


class _Verbs(click.Group):
    """Lists the verbs without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's
        if cmd_name not in _VERBS:
            return None
        if cmd_name not in {"stack", "demo", "secrets"}:
            use_stack_where_unset()
        command: click.Command = import_module(f"aegis.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        with formatter.section("Commands"):
            formatter.write_dl(list(_VERBS.items()))


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="aegis-tagger", prog_name="aegis")
def cli() -> None:
    """Names what is in extracted game textures, as events."""


def main() -> None:
    """Run the command line; every error a person can meet ends as a sentence, AEGIS_DEBUG=1 shows the rest."""
    try:
        cli(prog_name="aegis", standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("aborted", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except ValidationError as error:
        UserError(explain_settings(error)).show()
        sys.exit(UserError.exit_code)
    except Exception as error:
        if os.environ.get("AEGIS_DEBUG"):
            raise
        text = str(error) or "no more is known"
        click.echo(f"Error: {text} ({type(error).__name__}; AEGIS_DEBUG=1 shows where)", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()

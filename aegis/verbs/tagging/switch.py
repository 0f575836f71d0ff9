"""`aegis switch`: make the tables of a new model the current ones, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from aegis.shared.verb import Verb

if TYPE_CHECKING:
    from consumer.storage.postgres.switching import Difference, Switch


@click.command(
    "switch",
    cls=Verb,
    examples=("aegis switch --to aegis_next --dry-run", "aegis switch --to aegis_next", "aegis switch --back"),
)
@click.option("--to", "incoming", metavar="SCHEMA", help="Schema of the tables that a second sink has built.")
@click.option("--back", is_flag=True, help="Undo the last switch: make the previous tables current again.")
@click.option("--dry-run", is_flag=True, help="Show what would be carried over, and change nothing.")
@click.option("--drop-previous", is_flag=True, help="Drop the tables that an earlier switch has kept, to make room.")
@click.option(
    "--allow-missing", is_flag=True, help="Switch even if the new tables lack more than a tenth of the assets."
)
def command(*, incoming: str | None, back: bool, dry_run: bool, drop_previous: bool, allow_missing: bool) -> None:
    """Make the tables of another schema the current ones (AEGIS_PG_SCHEMA), in one transaction.

    The previous tables are kept in the schema …_previous, after --back in …_next. Carried over are people's verdicts,
    removals, and the assets that the other schema lacks or has an older extraction of. Running sinks and gateways
    continue with the new tables by themselves; stop the sink that built them first.
    """
    import asyncio

    from consumer.storage.errors import DatabaseError
    from consumer.storage.postgres.switching import Switch, difference, switch
    from schemas.connections import DatabaseConnection

    if back == (incoming is not None):
        raise click.UsageError("say which tables to make current: --to SCHEMA, or --back")
    connection = DatabaseConnection()
    current = connection.db_schema
    kept, other = f"{current}_previous", f"{current}_next"
    try:
        names = Switch(current, incoming=kept, outgoing=other) if back else Switch(current, _named(incoming), kept)
        if dry_run:
            changes = asyncio.run(difference(connection, names))
        else:
            # What was extracted since the last switch is missing in what was current before it.
            changes = asyncio.run(
                switch(connection, names, drop_outgoing=drop_previous, allow_missing=allow_missing or back)
            )
    except DatabaseError as error:
        raise click.ClickException(str(error)) from error
    _tell(changes, names, dry_run=dry_run)


def _named(schema: str | None) -> str:
    from schemas.connections import DatabaseConnection

    return DatabaseConnection(AEGIS_PG_SCHEMA=schema).db_schema


def _tell(found: Difference, names: Switch, *, dry_run: bool) -> None:
    verb = "would be current as" if dry_run else "is now"
    made_by = "; ".join(f"{count} by {name}" for name, count in found.made_by) or "no assets"
    click.echo(f"{names.incoming} {verb} {names.current}: {made_by}")
    click.echo(
        f"carried over from what was current: {found.verdicts} verdicts, {found.older} newer extractions, "
        f"{found.missing} assets that it lacked"
    )
    if not dry_run:
        undo = "--back" if names.outgoing.endswith("_previous") else f"--to {names.outgoing}"
        click.echo(f"what was current is kept as {names.outgoing}; undo with: aegis switch {undo}")

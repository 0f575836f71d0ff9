"""`aegis lake`: the Iceberg tables that `aegis run lake` writes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from aegis.shared.verb import VerbGroup

if TYPE_CHECKING:
    from consumer.storage.lake.lake import Lake

_MIB = 1024 * 1024


@click.group("lake", cls=VerbGroup)
def command() -> None:
    """Make and maintain the Iceberg tables of tags and verdicts; docs/lake.md says how to read them."""


@command.command(examples=("aegis lake init",))
def init() -> None:
    """Create the catalog and the tables that are missing; safe to run again. The bucket must exist."""
    from consumer.processes.lake import place_of
    from consumer.settings import LakeSettings
    from consumer.storage.lake.lake import Lake

    settings = LakeSettings()
    with _told():
        place = place_of(settings)
        lake, made = Lake.make(place, settings.buckets)
        lake.close()
    click.echo(f"lake {place.location}: {'created ' + ' and '.join(made) if made else 'present'}")


@command.command(examples=("aegis lake show",))
def show() -> None:
    """Show for each table its rows, its files, its snapshots, and its metadata file, which readers are given."""
    from consumer.storage.lake.tables import TABLES

    with _opened() as lake:
        for spec in TABLES:
            table = lake.table(spec)
            snapshot = table.current_snapshot()
            summary = None if snapshot is None else snapshot.summary
            rows, files = (
                "0" if summary is None else summary.additional_properties.get(f"total-{what}", "?")
                for what in ("records", "data-files")
            )
            kept = len(table.snapshots())
            click.echo(f"{spec.name}: {rows} rows, {files} files, {kept} snapshots, {table.metadata_location}")


@command.command(examples=("aegis lake compact", "aegis lake compact --min-files 2 --target-mib 256"))
@click.option(
    "--min-files",
    type=click.IntRange(2),
    default=5,
    show_default=True,
    help="Number of small files from which on those of a partition are joined.",
)
@click.option(
    "--target-mib",
    type=click.IntRange(1, 4096),
    default=128,
    show_default=True,
    help="Size of the files that it makes.",
)
def compact(*, min_files: int, target_mib: int) -> None:
    """Join the small files of each day and bucket; may run beside writers, and be stopped at any time."""
    from consumer.storage.lake.compacting import CompactionPlan
    from consumer.storage.lake.compacting import compact as compact_table
    from consumer.storage.lake.tables import TABLES

    with _opened() as lake:
        for spec in TABLES:
            done = compact_table(lake, spec, CompactionPlan(target_mib * _MIB, min_files))
            click.echo(f"{spec.name}: {done.files_before} files became {done.files_after}, {done.rows} rows")


@command.command(examples=("aegis lake expire", "aegis lake expire --keep-hours 24"))
@click.option(
    "--keep-hours",
    type=click.FloatRange(0),
    default=120.0,
    show_default=True,
    help="Age up to which snapshots are kept, so that readers can go back to them.",
)
@click.option(
    "--spare-hours",
    type=click.FloatRange(0),
    default=24.0,
    show_default=True,
    help="Age up to which files are spared that no snapshot refers to: those of commits under way.",
)
def expire(*, keep_hours: float, spare_hours: float) -> None:
    """Forget old snapshots, and delete the files that no snapshot refers to; rows of the newest one stay."""
    from datetime import timedelta

    from consumer.storage.lake.expiring import expire as expire_table
    from consumer.storage.lake.tables import TABLES

    with _opened() as lake:
        for spec in TABLES:
            done = expire_table(lake, spec, keep=timedelta(hours=keep_hours), spare=timedelta(hours=spare_hours))
            click.echo(
                f"{spec.name}: forgot {done.snapshots} snapshots, deleted {done.files} files, {done.bytes} bytes"
            )


@contextmanager
def _opened() -> Iterator[Lake]:
    from consumer.processes.lake import place_of
    from consumer.settings import LakeSettings
    from consumer.storage.lake.lake import Lake

    with _told():
        lake = Lake.open(place_of(LakeSettings()))
        try:
            yield lake
        finally:
            lake.close()


@contextmanager
def _told() -> Iterator[None]:
    from consumer.services.errors import StartupError
    from consumer.storage.lake.errors import LakeError

    try:
        yield
    except (LakeError, StartupError) as error:
        raise click.ClickException(str(error)) from error

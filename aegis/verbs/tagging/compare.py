"""`aegis compare`: what another model or vocabulary would change, on a sample."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from aegis.shared.errors import UserError
from aegis.shared.output import print_json_lines, print_table
from aegis.shared.tables import shown
from aegis.shared.verb import Verb, json_lines

if TYPE_CHECKING:
    from export.reports.compare_report import Compared

FIELDS = ("tag", "category", "before", "after", "gained", "lost")
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_SHOWN_TAGS = 15


@click.command(
    "compare",
    cls=Verb,
    examples=("aegis compare --model ./next", "aegis compare --taxonomy new.yaml --sample 2000 --report new.html"),
)
@click.option("--taxonomy", type=_FILE, help="Taxonomy to compare with.")
@click.option("--calibration", type=_FILE, help="Calibration to compare with.")
@click.option("--model", metavar="BUNDLE", help="Model bundle to compare with: a folder, an archive, or s3://….")
@click.option(
    "--sample", type=click.IntRange(min=1), default=500, show_default=True, help="Number of assets in the sample."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the random sample.")
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("compare.html"),
    show_default=True,
    help="HTML file to write the report to.",
)
@json_lines(FIELDS)
def command(
    *,
    taxonomy: Path | None,
    calibration: Path | None,
    model: str | None,
    sample: int,
    seed: int,
    report: Path,
    as_json: bool,
) -> None:
    """Tag a sample of the stored assets with the bundle of AEGIS_MODEL_BUNDLE and with another, and compare.

    Writes one page of HTML: how many assets change, which tags are gained and lost, and pictures of the largest
    changes. Nothing is published, and no table is changed.
    """
    import asyncio

    from aegis.shared.models.comparing import compare
    from aegis.shared.models.vocabulary import revised_bundle
    from consumer.services.errors import StartupError
    from consumer.storage.errors import DatabaseError, StoreError

    if taxonomy is None and calibration is None and model is None:
        raise click.UsageError("say what to compare with: --taxonomy, --calibration or --model")
    if not report.absolute().parent.is_dir():
        raise UserError(f"--report {report}: its folder does not exist")
    other = revised_bundle(taxonomy, calibration, model)
    try:
        comparison = asyncio.run(compare(other, sample, seed, report))
    except StartupError as error:
        raise UserError(str(error)) from error
    except (DatabaseError, StoreError) as error:
        raise click.ClickException(str(error)) from error
    _tell(comparison, as_json=as_json)
    click.echo(f"the report is in {report}", err=as_json)


def _tell(comparison: Compared, *, as_json: bool) -> None:
    from consumer.tagging.scoring.changes import by_tag
    from export.reports.compare_report import summary

    changed = [
        (one.tag, one.category, one.before, one.after, one.gained, one.lost)
        for one in by_tag(comparison.changes)
        if one.gained or one.lost
    ]
    if as_json:
        print_json_lines(dict(zip(FIELDS, values, strict=True)) for values in changed)
    else:
        click.echo(summary(comparison))
        print_table(
            FIELDS,
            ((shown(tag), category, *map(str, counts)) for tag, category, *counts in changed[:_SHOWN_TAGS]),
            right=FIELDS[2:],
        )
        if len(changed) > _SHOWN_TAGS:
            click.echo(f"and {len(changed) - _SHOWN_TAGS} more tags")
    if comparison.unreadable:
        click.echo(f"{len(comparison.unreadable)} assets could not be read; the report says why", err=True)

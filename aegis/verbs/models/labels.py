"""`aegis labels`: what people said of tags, as the table that calibration and evaluation read."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aegis.shared.assets.filters import asset_options, finding_names
from aegis.shared.bundles import opened, told
from aegis.shared.errors import UserError
from aegis.shared.verb import VerbGroup

if TYPE_CHECKING:
    from export.evaluation.verdict_labels import LabelTable


@click.group("labels", cls=VerbGroup)
def command() -> None:
    """Make labels of what people said of tags."""


@command.command(
    examples=(
        "aegis labels export --output labels.csv --images ./textures",
        "aegis labels export --game mygame --bundle ./ours > labels.csv",
    )
)
@click.option("--output", "-o", type=click.Path(path_type=Path), help="File to write; standard output if not given.")
@click.option(
    "--images", type=click.Path(file_okay=False, path_type=Path), help="Folder to fetch the reviewed images into."
)
@click.option(
    "--bundle",
    help="Bundle whose taxonomy names the columns and tags; AEGIS_MODEL_BUNDLE or aegis-mini if not given.",
)
@asset_options("Name or id of what must be wrong with it.")
def export(
    *, output: Path | None, images: Path | None, bundle: str | None, findings: tuple[str, ...], **filters: Any
) -> None:
    """Write labels.csv of people's verdicts, for aegis model calibrate and aegis model eval.

    A line for each image, with a column for each category of which somebody said something. Confirmed and added tags
    are the labels. What nobody said anything of is marked with a question mark where several tags of a category can be
    right; where only one can, a right one makes the others wrong, and rejections alone give no label. Equal images are
    one, and a tag on which people disagree is marked, too.
    """
    from aegis.shared.assets.labelling import fetch_images, reviewed_images
    from consumer.storage.tables.search.filters import SearchFilter
    from export.evaluation.verdict_labels import label_table

    with told():
        taxonomy = opened(bundle).vocabulary
    filters["said"] = filters["said"] or "any"
    reviewed = reviewed_images(SearchFilter(findings=finding_names(findings), **filters))
    if not reviewed:
        raise click.ClickException(
            "there is no verdict on the assets that are asked for: aegis verdict and the page take verdicts"
        )
    lost = fetch_images(reviewed, images) if images is not None else frozenset()
    table = label_table(taxonomy, [one.image for one in reviewed if one.image.file not in lost])
    _write(table, output)
    # Not on stdout, whose lines are labels.
    click.echo(f"{len(table.rows)} images labelled{f' in {output}' if output else ''}", err=True)
    for sentence in _left_out(table, len(lost)):
        click.echo(sentence, err=True)


def _write(table: LabelTable, output: Path | None) -> None:
    import sys

    from aegis.views.exports.writer import FileWriter

    try:
        with FileWriter(output or sys.stdout) as file:
            rows = csv.DictWriter(file.stream, table.columns, lineterminator="\n")
            rows.writeheader()
            rows.writerows(table.rows)
    except OSError as error:
        place = f"--output {output}" if output else "standard output"
        raise UserError(f"{place} cannot be written: {error.strerror or error}") from error


def _left_out(table: LabelTable, lost: int) -> list[str]:
    sentences = []
    if table.silent:
        sentences.append(
            f"{table.silent} images give no label, because only tags of which one can be right were rejected: aegis "
            "model calibrate --verdicts learns of them, too"
        )
    if table.foreign:
        sentences.append(f"the taxonomy does not have {', '.join(sorted(table.foreign))}: aegis taxonomy add adds tags")
    if lost:
        sentences.append(f"{lost} images are left out, because the object store does not give them")
    return sentences

"""`aegis export`: the tags of many assets, for other programs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aegis.shared.assets.filters import asset_options, finding_names, tag_options
from aegis.shared.errors import UserError
from aegis.shared.tables import read
from aegis.shared.verb import Verb

if TYPE_CHECKING:
    from aegis.views.exports.writer import Writer
    from consumer.storage.tables.reads import TagReader

# Lines may go to standard output; the others are a file, or files in a folder.
_LINES = ("csv", "jsonl")
_FILES = ("parquet",)
_FOLDERS = ("xmp", "unity-labels")


@click.command(
    "export",
    cls=Verb,
    examples=(
        "aegis export --format csv > tags.csv",
        "aegis export --format jsonl --game mygame --output tags.jsonl",
        "aegis export --format parquet --output tags.parquet",
        "aegis export --format xmp --output ./extracted",
        "aegis export --format unity-labels --output ./MyProject/Assets/Editor --tag weapon",
    ),
)
@click.option(
    "--format",
    "form",
    type=click.Choice((*_LINES, *_FILES, *_FOLDERS)),
    required=True,
    help="Form in which to write the tags.",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    help="File to write; of xmp and unity-labels a folder. csv and jsonl go to standard output if not given.",
)
@tag_options(0.0, "Minimum confidence of the tags that are asked for, and of those that are written.")
@asset_options("Name or id of what must be wrong with it.")
def command(
    form: str, *, output: Path | None, min_confidence: float, findings: tuple[str, ...], **filters: Any
) -> None:
    """Write the tags of all assets that the filters keep, corrected by people's verdicts.

    csv has a line for each tag, jsonl and parquet have an object for each asset. xmp writes a sidecar beside each PNG
    of aegis extract --output, for digiKam, Lightroom or darktable. unity-labels writes an editor script and a table for
    it, which set the tags as labels of a Unity project's assets.
    """
    from consumer.storage.tables.search.filters import SearchFilter
    from consumer.storage.tables.search.walk import walk

    if output is None and form in _FOLDERS:
        raise UserError(f"--format {form} writes files: say into which folder with --output")
    if output is None and form in _FILES:
        raise UserError(f"--format {form} is no text: say into which file with --output")
    where = SearchFilter(min_confidence=min_confidence, findings=finding_names(findings), **filters)

    async def write(reader: TagReader) -> int:
        count = 0
        with _writer(form, output) as writer:
            async for asset in walk(reader, where):
                kept = tuple(tag for tag in asset.summary.tags if tag.confidence >= min_confidence)
                writer.add(replace(asset, summary=replace(asset.summary, tags=kept)))
                count += 1
        return count

    try:
        count = read(write)
    except OSError as error:
        place = f"--output {output}" if output else "standard output"
        raise UserError(f"{place} cannot be written: {error.strerror or error}") from error
    # Not on stdout, whose lines are tags.
    click.echo(f"{count} assets written{f' to {output}' if output else ''}", err=True)


def _writer(form: str, output: Path | None) -> Writer:
    import sys

    from aegis.views.exports.unity_labels import UnityLabelsWriter
    from aegis.views.exports.writer import CsvWriter, JsonLinesWriter
    from aegis.views.exports.xmp import XmpWriter

    if output is None or form in _LINES:
        return (CsvWriter if form == "csv" else JsonLinesWriter)(output or sys.stdout)
    if form == "parquet":
        # Its library is large, and not part of every installation.
        from aegis.views.exports.parquet import ParquetWriter

        return ParquetWriter(output)
    return (XmpWriter if form == "xmp" else UnityLabelsWriter)(output)

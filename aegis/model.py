"""`aegis model`: make, look at and measure model bundles."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from aegis.bundles import folder_of, told
from aegis.model_make import export, pull
from aegis.model_measure import calibrate, evaluate
from consumer.settings import ModelSettings
from consumer.tagging.bundle import Bundle, default_bundle_path, load_bundle
from consumer.tagging.manifest import MANIFEST, BundleError, read_manifest
from consumer.tagging.precision import choose_precision, int8_is_fast
from consumer.tagging.sessions import open_session


@click.group("model")
def command() -> None:
    """Make, look at and measure model bundles.

    BUNDLE is a folder, an archive or s3://bucket/key; without one, AEGIS_MODEL_BUNDLE or aegis-mini is meant.
    """


command.add_command(export)
command.add_command(pull)
command.add_command(evaluate)
command.add_command(calibrate)


@command.command()
@click.argument("bundle", required=False)
def info(bundle: str | None) -> None:
    """Show what a bundle is and holds, after comparing every file with its digest."""
    with told():
        loaded = load_bundle(folder_of(bundle))
    manifest, table = loaded.manifest, Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    rows = {
        "id": f"{manifest.id}, tags say {manifest.source_model}",
        "digest": loaded.digest,
        "source": manifest.source,
        "licence": manifest.licence,
        "input": f"{manifest.image.size} px square, {manifest.image.fit}, ground {manifest.image.ground}",
        "embedding": f"{manifest.dim} numbers, logit scale {manifest.logit_scale:g}, bias {manifest.logit_bias:g}",
        "graphs": _graphs(loaded),
        "taxonomy": f"{loaded.taxonomy.id} {loaded.taxonomy.version}, {loaded.taxonomy_digest}",
        "confidences": _trust(loaded),
        "bytes": f"{sum(entry.bytes for entry in manifest.files.values()):,}",
        **{name: f"{value:g}" for name, value in manifest.metrics.items()},
    }
    for name, value in rows.items():
        table.add_row(name, value)
    Console().print(table)


@command.command()
@click.argument("bundle", required=False)
def verify(bundle: str | None) -> None:
    """Compare every file of a bundle with its digest and load every graph; exit 2 with one sentence where one fails."""
    with told():
        folder = folder_of(bundle)
        loaded = load_bundle(folder)
        graphs = [*loaded.manifest.graphs.values(), *filter(None, [loaded.manifest.textual])]
        for name in graphs:
            open_session(folder / name, optimise=name != loaded.manifest.graphs.get("fp16"))
    count = len(loaded.manifest.files)
    click.echo(f"{folder}: {count} files are what {MANIFEST} says, and {', '.join(graphs)} load here")


@command.command("list")
@click.argument("folders", nargs=-1, type=click.Path(exists=True, file_okay=False, path_type=Path))
def list_(folders: tuple[Path, ...]) -> None:
    """List the bundles in FOLDERS: those that ship, those in the cache, and what else is named."""
    roots = [default_bundle_path().parent, ModelSettings().cache_dir, *folders]
    table = Table(box=None, header_style="dim")
    for column in ("id", "precisions", "numbers", "confidences", "MB", "folder"):
        table.add_column(column, justify="right" if column in {"numbers", "MB"} else "left", overflow="fold")
    found = [path.parent for root in roots for path in sorted([*root.glob(MANIFEST), *root.glob(f"*/{MANIFEST}")])]
    for folder in dict.fromkeys(found):
        try:
            manifest = read_manifest(folder)
        except BundleError as error:
            table.add_row("[red]broken[/]", "", "", str(error), "", str(folder))
            continue
        megabytes = sum(entry.bytes for entry in manifest.files.values()) / 1e6
        trust = "calibrated" if manifest.calibrated else "uncalibrated"
        table.add_row(
            manifest.id, " ".join(sorted(manifest.graphs)), str(manifest.dim), trust, f"{megabytes:.1f}", str(folder)
        )
    Console().print(table)


def _graphs(bundle: Bundle) -> str:
    graphs = bundle.manifest.graphs
    here = choose_precision(graphs.keys(), "auto", "CPUExecutionProvider", int8_is_fast=int8_is_fast())
    parts = [f"{precision} ({name})" for precision, name in sorted(graphs.items())]
    for precision, variant in sorted(bundle.manifest.variants.items()):
        stayed = f", {len(variant.fp32_layers)} layers stayed fp32" if variant.fp32_layers else ""
        parts.append(f"{precision} against fp32: cosine {variant.least_cosine:.5f} at least{stayed}")
    return "; ".join([*parts, f"{here} runs on this CPU"])


def _trust(bundle: Bundle) -> str:
    calibration = bundle.calibration
    if calibration is None:
        return "uncalibrated: they order tags, but are no probabilities; aegis model calibrate fits them"
    missing = [name for name in bundle.taxonomy.categories if name not in calibration.categories]
    but = f"; uncalibrated: {', '.join(missing)}" if missing else ""
    on = f" on the {calibration.precision} graph" if calibration.precision else ""
    return f"calibrated on {calibration.images} images{on}{but}"

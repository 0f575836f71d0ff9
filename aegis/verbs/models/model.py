"""`aegis model`: make, look at and measure model bundles."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aegis.shared.bundles import bundle_argument, folder_of, opened, silence, told
from aegis.shared.output import print_facts, print_json_lines, print_table
from aegis.shared.verb import VerbGroup, json_lines
from aegis.verbs.models.model_make import export, pull
from aegis.verbs.models.model_measure import calibrate, evaluate

if TYPE_CHECKING:
    from consumer.tagging.bundle.bundle import Bundle

FIELDS = ("id", "precisions", "dim", "calibrated", "bytes", "folder", "error")


@click.group("model", cls=VerbGroup)
def command() -> None:
    """Make, inspect and measure model bundles."""


command.add_command(export)
command.add_command(pull)
command.add_command(evaluate)
command.add_command(calibrate)


@command.command(examples=("aegis model info", "aegis model info ./next --json | jq .metrics"))
@bundle_argument
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: digest, and the content of bundle.json.")
def info(bundle: str | None, *, as_json: bool) -> None:
    """Show what a bundle contains, after comparing every file with its digest."""
    from rich.markup import escape

    with told():
        loaded = opened(bundle)
    manifest = loaded.manifest
    if as_json:
        click.echo(json.dumps({"digest": loaded.digest, **manifest.model_dump(mode="json")}, indent=2))
        return
    rows = {
        "id": f"{manifest.id}, tags say {manifest.source_model}",
        "digest": loaded.digest,
        "source": manifest.source,
        "licence": manifest.licence,
        "input": f"{manifest.image.size} px square, {manifest.image.fit}, ground {manifest.image.ground}",
        "embedding": f"{manifest.dim} numbers, logit scale {manifest.logit_scale:g}, bias {manifest.logit_bias:g}",
        "graphs": _graphs(loaded),
        "taxonomy": f"{loaded.taxonomy.id} {loaded.taxonomy.version}, {loaded.taxonomy_digest}",
        **({"own tags": _own_tags(loaded)} if loaded.own else {}),
        "confidences": _trust(loaded),
        "bytes": f"{sum(entry.bytes for entry in manifest.files.values()):,}",
        **{name: f"{value:g}" for name, value in manifest.metrics.items()},
    }
    print_facts((name, escape(value)) for name, value in rows.items())


@command.command(examples=("aegis model verify ./next",))
@bundle_argument
def verify(bundle: str | None) -> None:
    """Compare every file of a bundle with its digest, and load every graph; exit 2 with one sentence if one fails."""
    from consumer.tagging.bundle.bundle import load_bundle
    from consumer.tagging.bundle.manifest import MANIFEST
    from consumer.tagging.inference.sessions import open_session

    with told():
        folder = folder_of(bundle)
        loaded = load_bundle(folder)
        graphs = [*loaded.manifest.graphs.values(), *filter(None, [loaded.manifest.textual])]
        for name in graphs:
            open_session(folder / name, optimise=name != loaded.manifest.graphs.get("fp16"))
    count = len(loaded.manifest.files)
    click.echo(f"{folder}: {count} files are what {MANIFEST} says, and {', '.join(graphs)} load here")


@command.command("list", examples=("aegis model list", "aegis model list ./bundles --json"))
@click.argument(
    "folders",
    nargs=-1,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folders to look for bundles in, besides the shipped ones and the cache.",
)
@json_lines(FIELDS)
def list_(folders: tuple[Path, ...], *, as_json: bool) -> None:
    """List the bundles that ship, those in the cache, and those in other folders."""
    records = [dict(zip(FIELDS, values, strict=True)) for values in _bundles(folders)]
    if as_json:
        print_json_lines(records)
        return
    print_table(
        ("id", "precisions", "dim", "confidences", "MB", "folder"),
        (
            (
                str(record["id"] or "[red]broken[/]"),
                " ".join(record["precisions"] or ()),
                str(record["dim"] or ""),
                str(record["error"] or ("calibrated" if record["calibrated"] else "uncalibrated")),
                f"{record['bytes'] / 1e6:.1f}" if record["bytes"] else "",
                str(record["folder"]),
            )
            for record in records
        ),
        right={"dim", "MB"},
        fold={"confidences", "folder"},
    )


def _bundles(folders: tuple[Path, ...]) -> Iterator[tuple[Any, ...]]:
    from consumer.settings import ModelSettings
    from consumer.tagging.bundle.bundle import default_bundle_path
    from consumer.tagging.bundle.manifest import MANIFEST, BundleError, read_manifest

    roots = [default_bundle_path().parent, ModelSettings().cache_dir, *folders]
    candidates = [path.parent for root in roots for path in sorted([*root.glob(MANIFEST), *root.glob(f"*/{MANIFEST}")])]
    for folder in dict.fromkeys(candidates):
        try:
            manifest = read_manifest(folder)
        except BundleError as error:
            yield None, None, None, None, None, str(folder), str(error)
            continue
        size_bytes = sum(entry.bytes for entry in manifest.files.values())
        precisions = sorted(manifest.graphs)
        yield manifest.id, precisions, manifest.dim, manifest.calibrated, size_bytes, str(folder), None


def _graphs(bundle: Bundle) -> str:
    from consumer.tagging.inference.precision import choose_precision, int8_is_fast

    graphs = bundle.manifest.graphs
    here = choose_precision(graphs.keys(), "auto", "CPUExecutionProvider", int8_is_fast=int8_is_fast())
    parts = [f"{precision} ({name})" for precision, name in sorted(graphs.items())]
    for precision, variant in sorted(bundle.manifest.variants.items()):
        stayed = f", {len(variant.fp32_layers)} layers stayed fp32" if variant.fp32_layers else ""
        parts.append(f"{precision} against fp32: cosine {variant.least_cosine:.5f} at least{stayed}")
    return "; ".join([*parts, f"{here} runs on this CPU"])


def _own_tags(bundle: Bundle) -> str:
    heard = ", ".join(f"{tag} ({category})" for category, tag in sorted(bundle.own - bundle.silent))
    return "; ".join(filter(None, [f"{heard} heard" if heard else None, silence(bundle)]))


def _trust(bundle: Bundle) -> str:
    calibration = bundle.calibration
    if calibration is None:
        return "uncalibrated: they order tags, but are no probabilities; aegis model calibrate fits them"
    missing = [name for name in bundle.taxonomy.categories if name not in calibration.categories]
    but = f"; uncalibrated: {', '.join(missing)}" if missing else ""
    on = f" on the {calibration.precision} graph" if calibration.precision else ""
    return f"calibrated on {calibration.images} images{on}{but}"

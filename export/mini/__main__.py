"""Make aegis-mini again from package names: fetch, decode, train, export, compile.

    pip install -e '.[export]'
    python -m export.mini --work build/mini --bundle build/aegis-mini

Needs apt-get and dpkg for the images (5 GB of Debian packages), and about an hour on two cores. Calibrate afterwards:
`aegis model calibrate`. The same seed gives nearly, not exactly, the same weights: threads add up in another order.
"""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np
import structlog
import torch

from consumer.tagging.bundle import TAXONOMY, default_bundle_path
from consumer.tagging.taxonomy import load_taxonomy
from export.mini.captions import corpus
from export.mini.manifest import Row, capped, fetch, read_manifest
from export.mini.model import IMAGE_SIZE as SIZE
from export.mini.model import create_model, train_tokenizer
from export.mini.package import write_bundle
from export.mini.store import PixelStore, build_store, open_store
from export.mini.train import Material, Plan, train
from export.mini.transform import served

PER_FAMILY = 4
log = structlog.get_logger(__name__)


@click.command()
@click.option("--work", type=click.Path(path_type=Path), required=True, help="Folder for images and checkpoints.")
@click.option("--bundle", type=click.Path(path_type=Path), required=True, help="Folder the bundle is written to.")
@click.option("--packages", type=click.Path(path_type=Path), help="Unpacked packages, if they are here already.")
@click.option("--taxonomy", type=click.Path(path_type=Path), default=default_bundle_path() / TAXONOMY)
@click.option("--steps", type=int, default=Plan().steps, show_default=True)
def main(work: Path, bundle: Path, packages: Path | None, taxonomy: Path, steps: int) -> None:
    """Train aegis-mini and write its bundle; goes on from what `--work` already holds."""
    rows = capped(read_manifest(), PER_FAMILY)
    store = _images(rows, work, packages)
    vocabulary = load_taxonomy(taxonomy)
    tokenizer = train_tokenizer(corpus(rows, vocabulary))
    tokenizer.save(str(work / "tokenizer.json"))
    model = create_model(tokenizer.get_vocab_size())
    material = Material(rows, store, tokenizer, vocabulary)
    average = train(
        model, material, Plan(steps=steps), lambda some, _: torch.save(some.state_dict(), work / "average.pt")
    )
    checks = np.stack([served(store[at], SIZE) for at in range(0, len(store), max(1, len(store) // 64))])
    write_bundle(average, work / "tokenizer.json", taxonomy, bundle, checks)
    click.echo(
        f"The bundle is in {bundle}; now fit its confidences: aegis model calibrate {bundle} --labels … --images …"
    )


def _images(rows: list[Row], work: Path, packages: Path | None) -> PixelStore:
    folder = work / "store"
    if not (folder / "index.json").exists():
        if packages is None:
            packages = work / "packages"
            fetch(packages)
        failed = build_store(rows, packages, folder)
        if failed:
            log.warning("images that could not be read", count=len(failed))
    return open_store(folder)


main()

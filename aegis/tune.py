"""`aegis tune`: which settings run the model fastest on this machine."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click
import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table

from aegis.bundles import folder_of, told
from aegis.errors import UserError
from consumer.services.tuned import store_tuning, tuning_path
from consumer.settings import ModelSettings
from consumer.tagging.bundle import load_bundle
from consumer.tagging.cpus import available_cpus
from consumer.tagging.errors import ImageRejectedError
from consumer.tagging.tuning import Measured, Tuning, default_tuning, tune

_SAMPLES: Final = Path(__file__).resolve().parent.parent / "samples"
_SUFFIXES: Final = {".png", ".jpg", ".jpeg", ".webp", ".dds", ".tga"}
_MOST_IMAGES: Final = 64


@click.command()
@click.argument("bundle", required=False)
@click.option(
    "--images",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of textures like yours; default: samples/, or textures of 512 pixels made here.",
)
@click.option("--seconds", type=click.FloatRange(0.01, 60), default=1.0, show_default=True, help="Of one measurement.")
@click.option("--rounds", type=click.IntRange(1, 50), default=3, show_default=True, help="Of each; medians count.")
@click.option("--dry-run", is_flag=True, help="Keep nothing.")
def command(bundle: str | None, images: Path | None, seconds: float, rounds: int, *, dry_run: bool) -> None:
    """Measure precision, threads and batch size on this machine, and keep the best for the tagger and the gateway.

    BUNDLE is a folder, an archive or s3://bucket/key; without one, AEGIS_MODEL_BUNDLE or aegis-mini is meant. A setting
    that is given (AEGIS_MODEL_PRECISION, AEGIS_MODEL_WORKERS, AEGIS_MODEL_MAX_BATCH) counts more than what is kept.
    """
    settings = ModelSettings()
    with told():
        loaded = load_bundle(folder_of(bundle))
        try:
            found = tune(loaded, settings.provider, _images(images), seconds=seconds, rounds=rounds)
            best, measured = asyncio.run(found)
        except* ImageRejectedError as group:
            raise UserError(f"an image cannot be used: {group.exceptions[0]}") from group
    Console().print(_table(measured, best, default_tuning(loaded, settings.provider)))
    if dry_run:
        click.echo("nothing was kept")
        return
    path = tuning_path(settings.cache_dir, loaded, settings.provider)
    rate = next(item.images_per_second for item in measured if item.tuning == best)
    try:
        store_tuning(path, loaded, best, rate)
    except OSError as error:
        raise UserError(f"{path} cannot be written ({error.strerror}): set AEGIS_MODEL_CACHE_DIR") from error
    click.echo(
        f"{loaded.manifest.id} on {available_cpus()} CPUs: {best.precision}, {best.workers} threads, batches of up to "
        f"{best.max_batch}; kept in {path}, used from the next start on"
    )


def _table(measured: Sequence[Measured], best: Tuning, default: Tuning) -> Table:
    table = Table(box=None, header_style="dim")
    for name in ("precision", "threads", "batch", "images/s", "of the default", ""):
        table.add_column(name, justify="left" if name in {"precision", ""} else "right")
    rate = next(item.images_per_second for item in measured if item.tuning == default)
    for item in measured:
        notes = [name for name, one in (("default", default), ("best", best)) if item.tuning == one]
        table.add_row(
            item.tuning.precision,
            str(item.tuning.workers),
            str(item.tuning.max_batch),
            f"{item.images_per_second:,.1f}",
            f"{item.images_per_second / rate:.2f}",
            ", ".join(notes),
            style="bold" if item.tuning == best else None,
        )
    return table


def _images(folder: Path | None) -> list[bytes]:
    place = folder or _SAMPLES
    files = sorted(path for path in place.rglob("*") if path.suffix.lower() in _SUFFIXES)
    if files:
        step = -(-len(files) // _MOST_IMAGES)
        return [path.read_bytes() for path in files[::step]]
    if folder is not None:
        raise UserError(f"{folder} holds no {', '.join(sorted(_SUFFIXES))}: name a folder of textures")
    return [_made(seed) for seed in range(8)]


def _made(seed: int) -> bytes:
    """Return a PNG of 512 pixels that packs about as badly as a painted texture."""
    rng = np.random.default_rng(seed)
    ramp = np.linspace(0, 200, 512, dtype=np.float32)
    pixels = ramp[:, None, None] + rng.normal(0, 6, (512, 512, 3)) + rng.uniform(0, 40, 3)
    buffer = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()

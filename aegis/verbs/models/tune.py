"""`aegis tune`: which settings run the model fastest on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from aegis.shared.bundles import bundle_argument, folder_of, told
from aegis.shared.checkout import SAMPLES
from aegis.shared.errors import UserError
from aegis.shared.output import print_json_lines, print_table
from aegis.shared.verb import Verb, json_lines

if TYPE_CHECKING:
    from consumer.tagging.reach import Reach
    from consumer.tagging.tuning import Measured, Tuning

FIELDS = ("precision", "workers", "max_batch", "images_per_second", "is_default", "is_best")
_SUFFIXES: Final = {".png", ".jpg", ".jpeg", ".webp", ".dds", ".tga"}
_MOST_IMAGES: Final = 64


@click.command(
    "tune", cls=Verb, examples=("aegis tune", "aegis tune ./next --images ./textures", "aegis tune --dry-run --json")
)
@bundle_argument
@click.option(
    "--images",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of textures like yours; samples/, or generated textures of 512 pixels, if not given.",
)
@click.option(
    "--seconds", type=click.FloatRange(0.01, 60), default=1.0, show_default=True, help="Seconds per measurement."
)
@click.option(
    "--rounds",
    type=click.IntRange(1, 50),
    default=3,
    show_default=True,
    help="Number of measurements of each combination, of which the median counts.",
)
@click.option("--dry-run", is_flag=True, help="Measure, and store nothing.")
@json_lines(FIELDS)
def command(
    bundle: str | None, images: Path | None, seconds: float, rounds: int, *, dry_run: bool, as_json: bool
) -> None:
    """Measure precision, threads and batch size on this machine, and store the best for the tagger and the gateway.

    On a CPU it also measures the most that the CPU multiplies, says which share of that the model reaches, and what
    would make it faster.

    A setting that is given (AEGIS_MODEL_PRECISION, AEGIS_MODEL_WORKERS, AEGIS_MODEL_MAX_BATCH) overrides what is
    stored.
    """
    import asyncio

    from consumer.concurrency.cpus import available_cpus
    from consumer.imaging.errors import ImageRejectedError
    from consumer.services.tuned import store_tuning, tuning_path
    from consumer.settings import ModelSettings
    from consumer.tagging.bundle.bundle import load_bundle
    from consumer.tagging.reach import measure_reach
    from consumer.tagging.tuning import default_tuning, tune

    settings = ModelSettings()
    with told():
        loaded = load_bundle(folder_of(bundle))
        try:
            search = tune(loaded, settings.provider, _images(images), seconds=seconds, rounds=rounds)
            best, measured = asyncio.run(search)
        except* ImageRejectedError as group:
            raise UserError(f"an image cannot be used: {group.exceptions[0]}") from group
    records = list(_records(measured, best, default_tuning(loaded, settings.provider)))
    if as_json:
        print_json_lines(records)
    else:
        _print(records)
    rate = next(item.images_per_second for item in measured if item.tuning == best)
    if settings.provider == "CPUExecutionProvider":
        with told():
            reach = measure_reach(loaded, best, seconds)
        for line in _reached(reach, reach.of_pipeline(rate, min(best.workers, available_cpus()))):
            click.echo(line, err=as_json)
    if dry_run:
        click.echo("nothing was stored", err=True)
        return
    path = tuning_path(settings.cache_dir, loaded, settings.provider)
    try:
        store_tuning(path, loaded, best, rate)
    except OSError as error:
        raise UserError(f"{path} cannot be written ({error.strerror}): set AEGIS_MODEL_CACHE_DIR") from error
    click.echo(
        f"{loaded.manifest.id} on {available_cpus()} CPUs: {best.precision}, {best.workers} threads, batches of up to "
        f"{best.max_batch}; stored in {path}, used from the next start on",
        err=as_json,
    )


def _records(measured: list[Measured], best: Tuning, default: Tuning) -> Iterator[dict[str, object]]:
    for item in measured:
        values = (
            item.tuning.precision,
            item.tuning.workers,
            item.tuning.max_batch,
            round(item.images_per_second, 1),
            item.tuning == default,
            item.tuning == best,
        )
        yield dict(zip(FIELDS, values, strict=True))


def _print(records: list[dict[str, object]]) -> None:
    print_table(
        ("precision", "threads", "batch", "images/s", ""),
        (
            (
                str(record["precision"]),
                str(record["workers"]),
                str(record["max_batch"]),
                f"{record['images_per_second']:,}",
                ", ".join(word for word in ("default", "best") if record[f"is_{word}"]),
            )
            for record in records
        ),
        right={"threads", "batch", "images/s"},
    )


def _reached(reach: Reach, of_pipeline: float) -> Iterator[str]:
    from consumer.tagging.reach import next_lever

    yield (
        f"{reach.numbers} peak of this CPU: {reach.peak / 1e9:,.0f} billion multiply-adds/s in a thread; "
        f"an image needs {reach.needed / 1e9:.2f} billion"
    )
    yield f"share of the peak: {reach.of_inference:.0%} by inference alone, {of_pipeline:.0%} from bytes to tags"
    yield f"next lever: {next_lever(reach, of_pipeline)}"


def _images(folder: Path | None) -> list[bytes]:
    place = folder or SAMPLES
    files = sorted(path for path in place.rglob("*") if path.suffix.lower() in _SUFFIXES)
    if files:
        step = -(-len(files) // _MOST_IMAGES)
        return [path.read_bytes() for path in files[::step]]
    if folder is not None:
        raise UserError(f"{folder} holds no {', '.join(sorted(_SUFFIXES))}: name a folder of textures")
    return [_made(seed) for seed in range(8)]


def _made(seed: int) -> bytes:
    """Return a PNG of 512 pixels that packs about as badly as a painted texture."""
    import io

    import numpy as np
    from PIL import Image

    rng = np.random.default_rng(seed)
    ramp = np.linspace(0, 200, 512, dtype=np.float32)
    pixels = ramp[:, None, None] + rng.normal(0, 6, (512, 512, 3)) + rng.uniform(0, 40, 3)
    buffer = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()

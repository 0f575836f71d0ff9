"""Measure how fast the tagger is, beside the limit and its peers: `python -m benchmarks`, a quarter of an hour.

Starts a stack of its own; writes build/figures/bench.json and bench.svg. Every ratio is of medians that were measured
in turns, in this run. Models, images and the peers' environment are kept under build/bench.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import click

from benchmarks import latency, sink, speed
from benchmarks.support.builds import Build
from benchmarks.support.bundles import BUILD, vit_b_32
from benchmarks.support.figures import FOLDER, Figure, report
from benchmarks.support.images import SAMPLES, textures, write_originals, write_pngs
from benchmarks.support.peer_environment import CONTEST, PeersUnavailableError, peer_python
from benchmarks.support.speed_picture import draw
from consumer.concurrency.cpus import available_cpus
from devstack import Stack


@click.command(help=__doc__)
@click.option(
    "--textures",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=SAMPLES,
    envvar="AEGIS_BENCH_TEXTURES",
    help="Folder of textures; default: samples/.",
)
@click.option("--rounds", default=5, show_default=True, help="Rounds of the contests; their medians are reported.")
@click.option(
    "--before", type=click.Path(exists=True, path_type=Path), help="Checkout of another build, installed in its .venv."
)
def main(folder: Path, rounds: int, before: Path | None) -> None:
    """Measure and report."""
    started = time.monotonic()
    bundle, peers, missing = _prepared(started)
    with tempfile.TemporaryDirectory(prefix="aegis-bench-") as scratch:
        images = _images(folder, Path(scratch) / "images")
        stack = Stack(Path(scratch) / "stack")
        stack.up()
        try:
            place = speed.Workload(stack, images, Path(scratch), rounds)
            if before is not None:
                place = replace(place, before=Build(before), before_bundle=vit_b_32(Build(before)))
            figures = asyncio.run(_measured(place, bundle, peers, started))
        except BaseException:
            kept = shutil.copytree(scratch, Path(tempfile.mkdtemp()) / "bench", ignore=shutil.ignore_patterns("stack"))
            click.echo(f"bench: the logs are in {kept}", err=True)
            raise
        finally:
            stack.reset()
    seconds = time.monotonic() - started
    path = report("bench", [*figures, Figure("bench_seconds", seconds, "s", 900, "lower")])
    picture = FOLDER / "bench.svg"
    draw(figures, f"{available_cpus()} CPUs, ViT-B-32 with random weights, services on the same machine", picture)
    click.echo(f"bench: figures in {path}, a picture in {picture}")
    if missing:
        click.echo(f"bench: no row of fastembed and the first service: {missing}")


def _prepared(started: float) -> tuple[Path, Path | None, str]:
    """Return ViT-B-32, the peers' interpreter, and why there is none."""
    speed.timed(click.echo, started, "ViT-B-32, exported once, and the peers, installed once")
    bundle = vit_b_32()
    try:
        return bundle, peer_python(BUILD / "peers", CONTEST), ""
    except PeersUnavailableError as error:
        return bundle, None, str(error)


def _images(folder: Path, target: Path) -> dict[str, Path]:
    sources = textures(folder)
    return {
        "png512": write_pngs(sources, target / "png512", 512),
        "png1024": write_pngs(sources, target / "png1024", 1024),
        "originals": write_originals(sources, target / "originals"),
    }


async def _measured(place: speed.Workload, bundle: Path, peers: Path | None, started: float) -> list[Figure]:
    def tell(sentence: str) -> None:
        speed.timed(click.echo, started, sentence)

    tell("the product, the limit and the others, PNGs of 512 pixels")
    figures = await speed.against_others(place, bundle, peers, BUILD)
    tell("one and two threads, one and two processes")
    figures += await speed.scaling(place, bundle)
    tell("PNGs of 1024 pixels, textures as they are, aegis-mini")
    few = replace(place, rounds=max(1, place.rounds // 2))
    figures += await speed.near_the_limit(few, bundle, "png1024", "1024")
    figures += await speed.near_the_limit(few, bundle, "originals", "originals")
    figures += await speed.near_the_limit(few, None, "png512", "aegis_mini", processes=available_cpus())
    tell("decoding beside Pillow")
    figures += await speed.decoding(place)
    tell("starts")
    figures += await speed.start(place, bundle)
    tell("one event at a time")
    figures += await latency.measured(place.stack, place.log_dir, events=100, warm_up=20)
    tell("the sink")
    figures += await sink.measured(place.stack, place.log_dir, events=15_000, row_by_row=1000, rounds=3)
    return figures


if __name__ == "__main__":
    main()

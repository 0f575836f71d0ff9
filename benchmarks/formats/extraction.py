"""How fast `aegis extract` is, beside the loop that one would write first and, where one is given, another build.

    make bench-extract ARGS="--textures DIR --before CHECKOUT"     (ten minutes)

Makes Unity bundles of textures of 512 pixels, and extracts them with each in turn, so that whatever else the machine
does strikes all alike. Wall and CPU times are those of the whole command, children included; memory is the largest sum
of what its processes had for themselves.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import click
import psutil
from PIL import Image, ImageOps

from benchmarks.support.figures import Figure, report
from samples.unity_bundle import Texture, bundle

_SIDE = 512
_LOOK_SECONDS = 0.05
_MIB = 2**20
_ROOT = Path(__file__).parent.parent.parent
_LOOP, _OURS, _BEFORE = "loop", "ours", "before"


@dataclass(frozen=True, slots=True)
class Run:
    """What one extraction took."""

    wall_seconds: float
    cpu_seconds: float
    memory_bytes: int
    png_bytes: int
    pngs: int


@click.command()
@click.option(
    "--textures",
    type=click.Path(exists=True, path_type=Path),
    default=_ROOT / "samples",
    help="Folder of the pictures.",
)
@click.option("--bundles", default=16, show_default=True, help="Bundles that are extracted.")
@click.option("--each", default=26, show_default=True, help="Textures in each bundle.")
@click.option("--rounds", default=5, show_default=True, help="Rounds; medians of their ratios are reported.")
@click.option(
    "--before", type=click.Path(exists=True, path_type=Path), help="Checkout of another build, installed in its .venv."
)
def main(textures: Path, bundles: int, each: int, rounds: int, before: Path | None) -> None:
    """Measure and report."""
    with tempfile.TemporaryDirectory(prefix="aegis-bench-") as name:
        folder = Path(name)
        game = folder / "game"
        game.mkdir()
        pictures = _pictures(textures, bundles * each)
        for number in range(bundles):
            made = [Texture(f"t{at}", f"assets/t{at}.png", next(pictures)) for at in range(each)]
            (game / f"{number:02d}.bundle").write_bytes(bundle(f"bundle{number}", made))
        commands = _commands(game, folder, before)
        runs: dict[str, list[Run]] = {who: [] for who in commands}
        for _ in range(rounds):
            for who, command in commands.items():
                shutil.rmtree(folder / who, ignore_errors=True)
                runs[who].append(_run(command, folder / who))
    for who, done in runs.items():
        if any(run.pngs != bundles * each for run in done):
            raise click.ClickException(f"{who} wrote {done[0].pngs} of {bundles * each} textures")
    report("extract", list(_figures(runs, bundles * each)))


def _pictures(folder: Path, count: int) -> Iterator[Image.Image]:
    """Yield as many different textures, of the folder's pictures in other colours and other ways round."""
    files = [path for path in sorted(folder.rglob("*")) if path.suffix in {".png", ".jpg", ".tga", ".dds"}]
    for number in range(count):
        with Image.open(files[number % len(files)]) as image:
            rgba = ImageOps.fit(image.convert("RGBA"), (_SIDE, _SIDE))
        turn = number // len(files)
        bands = rgba.split()
        yield Image.merge("RGBA", (*(bands[(at + turn) % 3] for at in range(3)), bands[3])).rotate(turn % 4 * 90)


def _commands(game: Path, folder: Path, before: Path | None) -> dict[str, list[str]]:
    def extract(python: Path, who: str) -> list[str]:
        return [str(python), "-m", "aegis", "extract", str(game), "--output", str(folder / who)]

    commands = {
        _LOOP: [sys.executable, "-m", "benchmarks.peers.unity_loop", str(game), str(folder / _LOOP)],
        _OURS: extract(Path(sys.executable), _OURS),
    }
    if before is not None:
        # Its own packages, and no others.
        commands[_BEFORE] = [
            "env",
            "-u",
            "PYTHONPATH",
            "-C",
            str(before),
            *extract(before.resolve() / ".venv/bin/python", _BEFORE),
        ]
    return commands


def _run(command: Sequence[str], output: Path) -> Run:
    environment = {**os.environ, "PYTHONPATH": str(_ROOT)}
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
    memory_bytes = 0
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        memory_bytes = max(memory_bytes, _memory_bytes(process.pid))
        time.sleep(_LOOK_SECONDS)
    wall_seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise click.ClickException(f"{' '.join(command)} ended with exit {process.returncode}")
    pngs = list(output.rglob("*.png"))
    png_bytes = sum(path.stat().st_size for path in pngs)
    return Run(wall_seconds, usage.ru_utime + usage.ru_stime, memory_bytes, png_bytes, len(pngs))


def _memory_bytes(pid: int) -> int:
    taken = 0
    with suppress(psutil.Error):
        root = psutil.Process(pid)
        for process in (root, *root.children(recursive=True)):
            with suppress(psutil.Error):
                taken += process.memory_full_info().uss
    return taken


def _figures(runs: dict[str, list[Run]], textures: int) -> Iterator[Figure]:
    ours = runs[_OURS]

    def ratio(who: str, of: str) -> float:
        pairs = zip(runs[who], ours, strict=True)
        return float(statistics.median(getattr(theirs, of) / getattr(mine, of) for theirs, mine in pairs))

    yield Figure("textures", textures, "textures", None, "higher")
    yield Figure("wall", statistics.median(run.wall_seconds for run in ours), "s", None, "lower")
    yield Figure(
        "cpu", statistics.median(run.cpu_seconds for run in ours) / textures * 1000, "CPU ms/texture", None, "lower"
    )
    yield Figure("memory", statistics.median(run.memory_bytes for run in ours) / _MIB, "MiB", None, "lower")
    yield Figure("times_as_fast_as_loop", ratio(_LOOP, "wall_seconds"), "", 2.0, "higher")
    yield Figure("png_bytes_of_loop", 1 / ratio(_LOOP, "png_bytes"), "", 1.05, "lower")
    if _BEFORE in runs:
        yield Figure("times_as_fast_as_before", ratio(_BEFORE, "wall_seconds"), "", 2.2, "higher")
        yield Figure("cpu_of_before", 1 / ratio(_BEFORE, "cpu_seconds"), "", 0.8, "lower")
        yield Figure("memory_of_before", 1 / ratio(_BEFORE, "memory_bytes"), "", 1.5, "lower")


if __name__ == "__main__":
    main()

"""How long a commit takes to its tags: `aegis extract --git` on a work tree of which a hundred textures changed.

    python -m benchmarks.formats.changes

Starts a tagger and a sink on a stack of its own, extracts a folder of textures once, and then commits changes to a
hundred of them, round after round. Counted is from before `git commit` to the row in PostgreSQL, for each texture.
"""

from __future__ import annotations

import asyncio
import io
import os
import statistics
import subprocess
import tempfile
import time
from datetime import datetime
from pathlib import Path

import asyncpg
import click
import numpy as np
from PIL import Image

from benchmarks.support.figures import Figure, p95, report
from benchmarks.support.services import make, new_pipeline
from devstack import Stack
from schemas import utc_now
from testkit.running import Pipeline

GOAL_P95_SECONDS = 5
_POLL_SECONDS = 0.01
_GIVE_UP_SECONDS = 300
_SIDE = 256
_IDENTITY = {
    **{f"GIT_{who}_{what}": "bench@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}


@click.command()
@click.option("--textures", default=2000, show_default=True, help="Textures in the work tree.")
@click.option("--changed", default=100, show_default=True, help="Textures that each commit changes.")
@click.option("--rounds", default=5, show_default=True, help="Commits that are measured.")
def main(textures: int, changed: int, rounds: int) -> None:
    """Measure and report."""
    with tempfile.TemporaryDirectory(prefix="aegis-bench-") as folder:
        stack = Stack(Path(folder) / "stack")
        stack.up()
        try:
            report("changes", asyncio.run(measured(stack, Path(folder), textures, changed, rounds)))
        finally:
            stack.reset()


async def measured(stack: Stack, folder: Path, textures: int, changed: int, rounds: int) -> list[Figure]:
    """Return the figures of so many commits."""
    pipeline = new_pipeline(stack, folder, AEGIS_PG_SCHEMA="aegis")
    await asyncio.to_thread(make, pipeline, "topics", "tables")
    game = Game(folder / "game", textures)
    services = [pipeline.service("tagger"), pipeline.service("sink")]
    for service in services:
        service.start()
    connection = await asyncpg.connect(pipeline.environment["AEGIS_PG_DSN"])
    seconds = []
    try:
        began = utc_now()
        await _extracted(pipeline, game)
        await _stored(connection, began, textures)
        for turn in range(1, rounds + 1):
            game.change(turn, changed)
            began, started = utc_now(), time.perf_counter()
            await asyncio.to_thread(game.commit)
            extracting = asyncio.create_task(_extracted(pipeline, game, "--git", "HEAD~1..HEAD"))
            seconds += [at - started for at in await _stored(connection, began, changed)]
            await extracting
    finally:
        await connection.close()
        for service in services:
            await asyncio.to_thread(service.stop)
    return [
        Figure("changes_commit_to_row_p50", statistics.median(seconds), "s", None, "lower"),
        Figure("changes_commit_to_row_p95", p95(seconds), "s", GOAL_P95_SECONDS, "lower"),
    ]


class Game:
    """A git work tree of textures, all different."""

    def __init__(self, root: Path, textures: int) -> None:
        """Make it, and commit it."""
        self.root = root
        self._files = [root / "Assets" / f"{number % 40:02}" / f"{number}.png" for number in range(textures)]
        for number, path in enumerate(self._files):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(_picture(number))
        self._git("init", "--quiet")
        self.commit()

    def change(self, turn: int, count: int) -> None:
        """Give so many textures another picture, of each folder some."""
        for at in range(count):
            number = (turn + at * (len(self._files) // count)) % len(self._files)
            self._files[number].write_bytes(_picture(turn * len(self._files) + number))

    def commit(self) -> None:
        self._git("add", "--all")
        self._git("commit", "--quiet", "--message", "change")

    def _git(self, *arguments: str) -> None:
        subprocess.run(["git", "-C", str(self.root), *arguments], env={**os.environ, **_IDENTITY}, check=True)


async def _stored(connection: asyncpg.Connection[asyncpg.Record], began: datetime, count: int) -> list[float]:
    """Return when each of so many rows came that are of extractions after ``began``."""
    arrived: list[float] = []
    give_up_at = time.perf_counter() + _GIVE_UP_SECONDS
    while len(arrived) < count:
        await asyncio.sleep(_POLL_SECONDS)
        found = await connection.fetchval("SELECT count(*) FROM aegis.assets WHERE extracted_at >= $1", began)
        now = time.perf_counter()
        arrived += [now] * (found - len(arrived))
        if now > give_up_at:
            raise SystemExit(f"only {len(arrived)} of {count} textures have a row after {_GIVE_UP_SECONDS} s")
    return arrived


async def _extracted(pipeline: Pipeline, game: Game, *options: str) -> None:
    output = str(game.root.with_name("out"))
    done = await asyncio.to_thread(
        pipeline.aegis, "extract", str(game.root / "Assets"), "--ai-tagging", "--output", output, *options
    )
    if done.returncode:
        raise SystemExit(done.stderr)


def _picture(seed: int) -> bytes:
    """Return a PNG that is different for each seed, and packs about as badly as a painted texture."""
    rng = np.random.default_rng(seed)
    ramp = np.linspace(0, 200, _SIDE, dtype=np.float32)
    pixels = ramp[:, None, None] + rng.normal(0, 6, (_SIDE, _SIDE, 3)) + rng.uniform(0, 40, 3)
    buffer = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


if __name__ == "__main__":
    main()

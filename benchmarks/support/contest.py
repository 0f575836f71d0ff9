"""Measuring several things against each other: in turns, in one run, as ratios of medians.

What else the machine does hits every contestant alike, because each round has a turn of all of them.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, Self

_ROOT = Path(__file__).resolve().parents[2]
_START_SECONDS = 180
_TURN_SECONDS = 180


@dataclass(frozen=True, slots=True)
class Measurement:
    """One contestant's turn: wall seconds, and CPU seconds of the contestant's own processes."""

    images: int
    seconds: float
    cpu_seconds: float

    @property
    def images_per_second(self) -> float:
        return self.images / self.seconds

    @property
    def cpu_ms_per_image(self) -> float:
        return self.cpu_seconds / self.images * 1000


class Contestant(Protocol):
    async def turn(self, images: int) -> Measurement: ...


class ContestantError(Exception):
    """A program did not start, or ended; one sentence says what it wrote last."""


@dataclass(slots=True)
class Program:
    """A program of benchmarks.peers that works when it is told."""

    process: asyncio.subprocess.Process
    log_path: Path

    @classmethod
    async def start(
        cls,
        name: str,
        *arguments: Path | str,
        log_dir: Path,
        python: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> Self:
        """Start `python -m benchmarks.peers.NAME` and wait until it is warm; raises ContestantError."""
        given = {**os.environ, **(environment or {})}
        log_path = log_dir / f"{name}.log"
        with log_path.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *(str(python or sys.executable), "-m", f"benchmarks.peers.{name}"),
                *map(str, arguments),
                env={**given, "PYTHONPATH": os.pathsep.join(filter(None, [str(_ROOT), given.get("PYTHONPATH")]))},
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
        program = cls(process, log_path)
        await program._line(_START_SECONDS)
        return program

    async def turn(self, images: int) -> Measurement:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{images}\n".encode())
        await self.process.stdin.drain()
        return Measurement(**json.loads(await self._line(_TURN_SECONDS)))

    async def stop(self) -> None:
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()

    async def _line(self, timeout_seconds: float) -> bytes:
        assert self.process.stdout is not None
        async with asyncio.timeout(timeout_seconds):
            line = await self.process.stdout.readline()
        if not line:
            said = self.log_path.read_text(errors="replace").strip().splitlines() or ["nothing"]
            raise ContestantError(f"{self.log_path.stem} ended: {said[-1][:300]}")
        return line


@dataclass(slots=True)
class Contest:
    """Contestants by name, each with the images of one turn; `run` gives every one of them a turn a round."""

    contestants: Mapping[str, tuple[Contestant, int]]
    turns: dict[str, list[Measurement]] = field(default_factory=dict)

    async def run(self, rounds: int) -> Self:
        """Run one round that is not counted, then `rounds` that are; the order is turned about each time."""
        names = list(self.contestants)
        for number in range(rounds + 1):
            for name in names if number % 2 else reversed(names):
                contestant, images = self.contestants[name]
                turn = await contestant.turn(images)
                if number:
                    self.turns.setdefault(name, []).append(turn)
        return self

    def rate(self, name: str) -> float:
        """Return the median of images a second."""
        return statistics.median(turn.images_per_second for turn in self.turns[name])

    def cpu_ms(self, name: str) -> float:
        """Return the median of CPU milliseconds an image."""
        return statistics.median(turn.cpu_ms_per_image for turn in self.turns[name])

    def faster(self, name: str, other: str) -> float:
        """Return how many times as fast one is as the other."""
        return median_ratio(
            [turn.images_per_second for turn in self.turns[name]],
            [turn.images_per_second for turn in self.turns[other]],
        )

    def dearer(self, name: str, other: str) -> float:
        """Return how many times the CPU of the other one takes for an image."""
        return median_ratio(
            [turn.cpu_ms_per_image for turn in self.turns[name]],
            [turn.cpu_ms_per_image for turn in self.turns[other]],
        )


def median_ratio(values: Sequence[float], others: Sequence[float]) -> float:
    """Return the ratio of the medians."""
    return statistics.median(values) / statistics.median(others)

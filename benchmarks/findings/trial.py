"""A trial of one check: what makes a texture with the fault, and what makes the nearest one without it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks.findings.sources import Pixels, Rng
from consumer.findings.registry import BY_NAME
from consumer.findings.texture import Texture

Maker = Callable[[Pixels, Rng], Texture]
_SEED: Final = 20261129


@dataclass(frozen=True, slots=True)
class Trial:
    """``faulty`` and ``sound`` each take a real surface, uint8 [H, W, 3], and make as many textures of it."""

    name: str
    faulty: tuple[Maker, ...]
    sound: tuple[Maker, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a check said of textures with the fault, and of those without."""

    found: int
    faulty: int
    wrong: int
    sound: int

    @property
    def precision(self) -> float:
        said = self.found + self.wrong
        return self.found / said if said else 0.0

    @property
    def recall(self) -> float:
        return self.found / self.faulty


def outcome(trial: Trial, surfaces: Sequence[Pixels]) -> Outcome:
    """Try the check on every surface, with equally many sound and faulty textures."""
    check = BY_NAME[trial.name]

    def said(makers: Sequence[Maker]) -> list[bool]:
        rng = np.random.default_rng(_SEED)
        textures = _made(makers, surfaces, rng)
        return [check.measure(texture, check.limit or 0.0) is not None for texture in textures]

    faulty, sound = said(trial.faulty), said(trial.sound)
    return Outcome(sum(faulty), len(faulty), sum(sound), len(sound))


def _made(makers: Sequence[Maker], surfaces: Sequence[Pixels], rng: Rng) -> Iterator[Texture]:
    for at, surface in enumerate(surfaces):
        yield makers[at % len(makers)](surface, rng)

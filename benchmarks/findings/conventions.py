"""How often the convention of a normal map is told, and told right, by the way it is stored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from benchmarks.findings.made_normals import STORED, normal_map
from benchmarks.findings.sources import Pixels
from benchmarks.support.figures import Figure
from consumer.findings.registry import BY_NAME
from consumer.findings.texture import Texture

_SEED = 20261129
_OPENGL, _DIRECTX = BY_NAME["normal-opengl"], BY_NAME["normal-directx"]


def convention_figures(reliefs: Sequence[Pixels]) -> list[Figure]:
    """Return how many are decided, and how many of those rightly, for every way of storing and for all of them."""
    rng = np.random.default_rng(_SEED)
    said: dict[str, list[bool | None]] = {name: [] for name in STORED}
    for relief in reliefs:
        for opengl in (True, False):
            directions = normal_map(relief, rng, opengl=opengl)
            for name, store in STORED.items():
                said[name].append(_is_right(store(directions), opengl=opengl))
    everything = [answer for answers in said.values() for answer in answers]
    figures = [
        Figure("convention.maps", len(reliefs), "pieces of real textures", 500, "higher"),
        Figure("convention.right", _right(everything), "share of decided", 0.98, "higher"),
        Figure("convention.wrong", 1 - _right(everything), "share of decided", 0.01, "lower"),
        Figure("convention.decided", _decided(everything), "share", None, "higher"),
    ]
    for name, answers in said.items():
        figures.append(Figure(f"convention.{name}.right", _right(answers), "share of decided", 0.98, "higher"))
        figures.append(Figure(f"convention.{name}.decided", _decided(answers), "share", None, "higher"))
    return figures


def _is_right(pixels: Pixels, *, opengl: bool) -> bool | None:
    """Return whether the right convention is found; None where none is."""
    texture = Texture(pixels)
    said_opengl, said_directx = (
        check.measure(texture, check.limit or 0.0) is not None for check in (_OPENGL, _DIRECTX)
    )
    return said_opengl is opengl if said_opengl or said_directx else None


def _decided(answers: Iterable[bool | None]) -> float:
    return float(np.mean([answer is not None for answer in answers]))


def _right(answers: Iterable[bool | None]) -> float:
    return float(np.mean([answer for answer in answers if answer is not None]))

"""The table of `python -m benchmarks` as one picture: who does how many images a second, and what meets its goal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure as Picture

from benchmarks.support.figures import Figure

_MET, _MISSED, _OURS, _THEIRS = "#2e7d32", "#c0392b", "#1f5fa8", "#9aa5b1"
_RATES = "_images_per_second"


def draw(figures: Sequence[Figure], title: str, path: Path) -> None:
    """Write the picture as SVG."""
    mpl.rcParams["svg.hashsalt"] = "aegis"
    picture = Picture(figsize=(12, 7.5), layout="constrained")
    rates, goals = picture.subplots(2, 1, height_ratios=(1, 1.7))
    rates.set_title(title, loc="left", fontsize=11)
    _draw_rates(rates, [item for item in figures if item.figure.endswith(_RATES)])
    _draw_goals(goals, [item for item in figures if item.goal is not None])
    for axes in (rates, goals):
        axes.spines[["top", "right"]].set_visible(False)
        axes.invert_yaxis()
    picture.savefig(path, format="svg", metadata={"Date": None})


def _draw_rates(axes: Any, figures: Sequence[Figure]) -> None:
    names = [item.figure.removesuffix(_RATES).replace("_", " ") for item in figures]
    colours = [_OURS if name == "product" else _THEIRS for name in names]
    bars = axes.barh(names, [item.value for item in figures], color=colours)
    axes.bar_label(bars, [f" {item.value:,.1f}" for item in figures], fontsize=9)
    axes.set_xlabel("images a second, 512 px PNG")


def _draw_goals(axes: Any, figures: Sequence[Figure]) -> None:
    """Draw each figure as a multiple of its goal, so that right of the line is met whichever way is better."""
    reached = [_reached(item) for item in figures]
    bars = axes.barh(
        [item.figure.replace("_", " ") for item in figures],
        reached,
        color=[_MET if item.met else _MISSED for item in figures],
    )
    labels = [f" {item.value:,.3g} {item.unit}, goal {item.goal:g}" for item in figures]
    axes.bar_label(bars, labels, fontsize=8)
    axes.axvline(1, color="black", linewidth=1)
    axes.set_xlim(0, max([2.0, *reached]) * 1.25)
    axes.set_xlabel("multiple of the goal; 1 meets it")


def _reached(item: Figure) -> float:
    assert item.goal is not None
    return item.value / item.goal if item.better == "higher" else item.goal / item.value

"""A run as one picture: rates, lag and memory over time, and the faults above them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from tests.chaos.recorder import Sample
from tests.chaos.recovery import Happened
from tests.chaos.schedule import FaultKind

_MIB = 1024 * 1024
_SMOOTH_SAMPLES = 5
_COLOURS = {FaultKind.KILL: "#c0392b", FaultKind.STOP: "#e67e22", FaultKind.OUTAGE: "#8e44ad"}


def draw(samples: Sequence[Sample], happened: Sequence[Happened], title: str, path: Path) -> None:
    """Write the picture as SVG."""
    mpl.rcParams["svg.hashsalt"] = "aegis"
    figure = Figure(figsize=(14, 11.5), layout="constrained")
    faults, rates, lag, memory = figure.subplots(4, 1, sharex=True, height_ratios=(2.2, 2, 2, 1.6))
    faults.set_title(title, loc="left", fontsize=11)
    _draw_faults(faults, happened)
    _draw_rates(rates, samples)
    _draw_lag(lag, samples)
    _draw_memory(memory, samples)
    for axes in (rates, lag, memory):
        for item in happened:
            if item.fault.kind is FaultKind.OUTAGE:
                axes.axvspan(item.began_at_seconds, item.ended_at_seconds, color=_COLOURS[FaultKind.OUTAGE], alpha=0.08)
        axes.grid(alpha=0.25)
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), fontsize=8, ncols=5, frameon=False, borderaxespad=0)
        axes.spines[["top", "right"]].set_visible(False)
    memory.set_xlabel("seconds of the run; violet: a service is away")
    figure.savefig(path, format="svg", metadata={"Date": None})


def _draw_faults(axes: Any, happened: Sequence[Happened]) -> None:
    targets = sorted({item.fault.target for item in happened}, key=lambda name: (name.partition("-")[0], name))
    for item in happened:
        row = targets.index(item.fault.target)
        colour = _COLOURS[item.fault.kind]
        if item.fault.kind is FaultKind.KILL:
            axes.plot(item.began_at_seconds, row, marker="x", color=colour, markersize=6, markeredgewidth=1.6)
        else:
            axes.plot([item.began_at_seconds, item.ended_at_seconds], [row, row], color=colour, linewidth=6)
    for kind, sentence in {
        FaultKind.KILL: "kill -9",
        FaultKind.STOP: "stopped (SIGSTOP)",
        FaultKind.OUTAGE: "away",
    }.items():
        axes.plot([], [], color=_COLOURS[kind], linewidth=4, label=sentence)
    axes.set_yticks(range(len(targets)), targets)
    axes.set_ylim(len(targets) - 0.4, -0.6)
    axes.legend(loc="lower right", fontsize=8, ncols=3, bbox_to_anchor=(1, 1), frameon=False, borderaxespad=0)
    axes.grid(alpha=0.25, axis="x")
    axes.spines[["top", "right"]].set_visible(False)


def _draw_rates(axes: Any, samples: Sequence[Sample]) -> None:
    lines: dict[str, Callable[[Sample], int | None]] = {
        "published": lambda sample: sample.published,
        "tagged (committed)": lambda sample: sample.flows["tagger"].done if sample.flows else None,
        "stored (committed)": lambda sample: sample.flows["sink"].done if sample.flows else None,
        "compared (committed)": lambda sample: sample.flows["comparer"].done if sample.flows else None,
        "dead letters": lambda sample: sample.letters,
    }
    for label, read in lines.items():
        rates = [_rate(before, after, read) for before, after in zip(samples, samples[_SMOOTH_SAMPLES:], strict=False)]
        axes.plot([sample.at_seconds for sample in samples[_SMOOTH_SAMPLES:]], rates, linewidth=1.2, label=label)
    axes.set_ylabel("records a second")
    axes.set_ylim(bottom=0)


def _rate(before: Sample, after: Sample, read: Callable[[Sample], int | None]) -> float:
    """Return a second's share; no number, and so a gap in the line, where one of them did not answer."""
    first, last = read(before), read(after)
    if first is None or last is None:
        return math.nan
    return (last - first) / (after.at_seconds - before.at_seconds)


def _draw_lag(axes: Any, samples: Sequence[Sample]) -> None:
    for group in ("tagger", "sink", "comparer"):
        lags = [sample.flows[group].lag if sample.flows else math.nan for sample in samples]
        axes.plot([sample.at_seconds for sample in samples], lags, linewidth=1.2, label=f"lag of the {group}s")
    axes.set_ylabel("records")
    axes.set_ylim(bottom=0)


def _draw_memory(axes: Any, samples: Sequence[Sample]) -> None:
    for name in sorted({name for sample in samples for name in sample.memory_bytes}):
        points = [(sample.at_seconds, sample.memory_bytes.get(name, 0) / _MIB) for sample in samples]
        axes.plot(*zip(*points, strict=True), linewidth=1, label=name)
    axes.set_ylabel("memory (RSS), MiB")
    axes.set_ylim(bottom=0)

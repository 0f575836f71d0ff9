"""How every measuring command reports: one table for people, one JSON file for machines."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from rich.console import Console
from rich.table import Table

FOLDER = Path("build/figures")


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number; ``goal`` None where there is none to meet."""

    figure: str
    value: float
    unit: str
    goal: float | None
    better: Literal["higher", "lower"]

    @property
    def met(self) -> bool | None:
        if self.goal is None:
            return None
        return self.value >= self.goal if self.better == "higher" else self.value <= self.goal


def report(name: str, figures: list[Figure]) -> Path:
    """Print the figures and write them to ``build/figures/NAME.json``; return its path."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{name}.json"
    path.write_text(json.dumps([_as_json(item) for item in figures], indent=2) + "\n")
    table = Table(title=name)
    for column in ("figure", "value", "unit", "goal", "met"):
        table.add_column(column, justify="left" if column in {"figure", "unit"} else "right")
    for item in figures:
        bound = "" if item.goal is None else f"{'≥' if item.better == 'higher' else '≤'} {item.goal:g}"
        table.add_row(item.figure, _shown(item.value), item.unit, bound, {None: "", True: "yes", False: "no"}[item.met])
    Console().print(table)
    return path


def p95(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=20)[18]


def _shown(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.4g}"


def _as_json(item: Figure) -> dict[str, Any]:
    return {**asdict(item), "value": float(f"{item.value:.6g}"), "met": item.met}

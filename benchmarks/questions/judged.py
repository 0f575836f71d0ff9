"""What a person who looked at an answer said of it: whether it is what was asked for."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FILE: Final = Path(__file__).with_name("judged.csv")
DEPTH: Final = 10


@dataclass(frozen=True, slots=True)
class Judged:
    """Of one question: which textures were looked at, and whether they are right."""

    right: Mapping[str, bool]

    def precision(self, answers: Sequence[str]) -> float:
        """Return the share of the first ten answers that are right; one that nobody looked at counts as wrong."""
        shown = answers[:DEPTH]
        return sum(self.right.get(answer, False) for answer in shown) / len(shown) if shown else 0.0

    def unjudged(self, answers: Sequence[str]) -> list[str]:
        return [answer for answer in answers[:DEPTH] if answer not in self.right]

    @property
    def known(self) -> int:
        """How many textures are right as far as anybody looked: the most that ten answers can hold of them."""
        return sum(self.right.values())


def judgements(path: Path = FILE) -> dict[str, Judged]:
    """Return what the file says of each question."""
    found: dict[str, dict[str, bool]] = {}
    with path.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            found.setdefault(row["question"], {})[row["asset_id"]] = row["relevant"] == "yes"
    return {question: Judged(right) for question, right in found.items()}

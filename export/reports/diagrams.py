"""Diagrams of judged tags as SVG, drawn by hand: no plotting library for three pictures."""

from __future__ import annotations

from typing import Final

import numpy as np
from markupsafe import Markup

from export.evaluation import figures
from export.evaluation.judged import Judged
from export.reports.pages import part

_BINS = 20


class Frame:
    """A square from 0 to 1 on both axes, in pixels."""

    side: Final = 260
    margin: Final = 34
    size: Final = side + 2 * margin

    def x(self, value: float) -> float:
        return self.margin + value * self.side

    def y(self, value: float) -> float:
        return self.margin + (1 - value) * self.side


_FRAME = Frame()


def reliability(judged: Judged) -> Markup:
    """Return what was said against what was true, in 15 bins."""
    points = figures.reliability(judged.confidences[judged.known], judged.truth[judged.known])
    return part("reliability.html", frame=_FRAME, points=list(points))


def histogram(judged: Judged) -> Markup:
    """Return how often each confidence is given to true tags, and to wrong ones."""
    bars = []
    for truth, direction, colour in ((True, -1, "var(--said)"), (False, 1, "var(--bad)")):
        values = judged.confidences[judged.known & (judged.truth == truth)]
        counts, _ = np.histogram(values, bins=_BINS, range=(0, 1))
        for at, count in enumerate(counts.tolist()):
            height = (count / max(1, len(values))) ** 0.5 * _FRAME.side / 2
            bars.append(
                {
                    "x": _FRAME.x(at / _BINS) + 0.5,
                    "y": _FRAME.y(0.5) - (height if direction < 0 else 0),
                    "width": _FRAME.side / _BINS - 1,
                    "height": height,
                    "colour": colour,
                    "count": count,
                    "of": len(values),
                }
            )
    return part("histogram.html", frame=_FRAME, bars=bars)


def confusion(judged: Judged) -> Markup:
    """Return a table of the surest tag against what is true; tags without a label have no row."""
    guess = judged.confidences.argmax(axis=1)
    rows = []
    for at, name in enumerate(judged.names):
        inside = judged.truth[:, at]
        if not inside.any():
            continue
        shares = np.bincount(guess[inside], minlength=len(judged.names)) / inside.sum()
        rows.append({"name": name, "images": int(inside.sum()), "at": at, "shares": shares.tolist()})
    return part("confusion.html", names=judged.names, rows=rows)

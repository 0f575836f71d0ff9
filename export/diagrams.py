"""Diagrams of judged tags as SVG, drawn by hand: no plotting library for three pictures."""

from __future__ import annotations

from html import escape

import numpy as np

from export import figures
from export.judged import Judged

_SIDE = 260
_MARGIN = 34
_BINS = 20


def reliability(judged: Judged) -> str:
    """Return what was said against what was true, in 15 bins."""
    points = figures.reliability(judged.confidences[judged.known], judged.truth[judged.known])
    dots = "".join(
        f'<circle cx="{_x(said):.1f}" cy="{_y(true):.1f}" r="{2 + 9 * share**0.5:.1f}" fill="var(--said)" '
        f'fill-opacity=".75"><title>said {said:.2f}, true {true:.2f}, {share:.1%} of the pairs</title></circle>'
        for share, said, true in points
    )
    line = f'<line x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}" stroke="var(--dim)" stroke-dasharray="4 4"/>'
    return _framed(line + dots, "confidence", "share that is true")


def histogram(judged: Judged) -> str:
    """Return how often each confidence is given to true tags, and to wrong ones."""
    parts = []
    for truth, direction, colour in ((True, -1, "var(--said)"), (False, 1, "var(--bad)")):
        values = judged.confidences[judged.known & (judged.truth == truth)]
        counts, _ = np.histogram(values, bins=_BINS, range=(0, 1))
        for at, count in enumerate(counts.tolist()):
            tall = (count / max(1, len(values))) ** 0.5 * _SIDE / 2
            top = _y(0.5) - (tall if direction < 0 else 0)
            parts.append(
                f'<rect x="{_x(at / _BINS) + 0.5:.1f}" y="{top:.1f}" width="{_SIDE / _BINS - 1:.1f}" '
                f'height="{tall:.1f}" '
                f'fill="{colour}"><title>{count} of {len(values)}</title></rect>'
            )
    return _framed("".join(parts), "confidence", "wrong | true")


def confusion(judged: Judged) -> str:
    """Return a table of the surest tag against what is true; tags without a label have no row."""
    guess = judged.confidences.argmax(axis=1)
    rows = []
    for at, name in enumerate(judged.names):
        inside = judged.truth[:, at]
        if not inside.any():
            continue
        shares = np.bincount(guess[inside], minlength=len(judged.names)) / inside.sum()
        cells = "".join(
            f'<td style="background: color-mix(in srgb, var({"--said" if column == at else "--bad"}) '
            f'{share * 75:.0f}%, transparent)">{f"{share:.2f}" if share else ""}</td>'
            for column, share in enumerate(shares.tolist())
        )
        rows.append(f"<tr><td>{escape(name)} ({int(inside.sum())})</td>{cells}</tr>")
    heads = "".join(f"<th>{escape(name)}</th>" for name in judged.names)
    return f"<table><tr><th></th>{heads}</tr>{''.join(rows)}</table>"


def _framed(inner: str, across: str, up: str) -> str:
    size = _SIDE + 2 * _MARGIN
    ticks = "".join(
        f'<text x="{_x(value)}" y="{_y(0) + 15}" text-anchor="middle">{value:g}</text>' for value in (0, 0.5, 1)
    )
    return (
        f'<svg width="{size}" height="{size}" viewBox="0 0 {size} {size}" role="img">'
        f'<rect x="{_MARGIN}" y="{_MARGIN}" width="{_SIDE}" height="{_SIDE}" fill="none" stroke="var(--line)"/>'
        f'{inner}{ticks}<text x="{size / 2}" y="{size - 3}" text-anchor="middle">{across}</text>'
        f'<text x="12" y="{size / 2}" text-anchor="middle" transform="rotate(-90 12 {size / 2})">{up}</text></svg>'
    )


def _x(value: float) -> float:
    return _MARGIN + value * _SIDE


def _y(value: float) -> float:
    return _MARGIN + (1 - value) * _SIDE

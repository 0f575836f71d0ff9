"""What happens at the edge between visible and transparent pixels, where filtering mixes them."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Final

import numpy as np

from consumer.findings.check import Check, Severity
from consumer.findings.texture import Bytes, Flags, Places, Texture, share
from consumer.imaging.whole_pixels import distance

# Fainter pixels are no edge that anybody sees.
_VISIBLE: Final = 32
_UNSEEN: Final = 8
_LEAST_GAPS: Final = 0.005
# Half way between two pixels filtering draws a quarter of it.
_DIFFERENT: Final = 64
_OPAQUE: Final = 255
_FEWEST_EDGES: Final = 24
_FEWEST_ISLANDS: Final = 4
# Pixels a side; letters are smaller.
_SMALLEST_ISLAND: Final = 16
_SOME_LINES: Final = slice(_SMALLEST_ISLAND // 2, None, _SMALLEST_ISLAND)
# In an atlas, that is.
_MOST_GAPS: Final = 0.5


def _halo(texture: Texture, limit: float) -> float | None:
    """Return the share of edges along which filtering draws the hidden colour so that it is seen.

    What it draws is the difference of the colours by the alpha of the visible one: soft edges take more to show it.
    """
    if texture.bands != 4 or not texture.uses_alpha or texture.is_pixel_art:
        return None
    visible, covered = (texture.of_some_rows(places) for places in _edges(texture.some_alpha))
    edges = len(visible)
    red, green, blue, opacity = distance(visible, covered).T
    apart = np.maximum(np.maximum(red, green), blue).astype(np.uint16)
    different = int(np.count_nonzero(apart * opacity > _DIFFERENT * _OPAQUE))
    found = different / edges if edges >= _FEWEST_EDGES else 0.0
    return found if found >= limit else None


def _edges(alpha: Bytes) -> tuple[Places, Places]:
    """Return the places of visible pixels that have a hidden one beside them, and those of the hidden ones."""
    width = alpha.shape[1]
    flat = alpha.ravel()
    hidden, shown = flat == 0, flat >= _VISIBLE
    before, after = shown[:-1] & hidden[1:], hidden[:-1] & shown[1:]
    # The end of a row is not beside the next one.
    before[width - 1 :: width] = after[width - 1 :: width] = False
    last, first = np.flatnonzero(before), np.flatnonzero(after)
    return np.concatenate([last, first + 1]), np.concatenate([last + 1, first])


def _narrow_gutter(texture: Texture, limit: float) -> float | None:
    """Return the commonest narrow gap between islands that lie in rows and columns, in pixels."""
    if not texture.uses_alpha or texture.is_pixel_art or (texture.facts.mip_count or 2) < 2:
        return None
    if share(texture.scattered[..., -1] <= _UNSEEN) < _LEAST_GAPS:
        return None
    visible = texture.is_shown(_UNSEEN)
    bands = _runs(np.asarray(visible.any(axis=1)))
    # Neighbours in a row face each other across one of these lines.
    if len(bands) < 2 and not _has_gap(visible[_SOME_LINES], limit):
        return None
    rows = [(top, bottom) for top, bottom in bands if bottom - top >= _SMALLEST_ISLAND]
    columns = [_runs(np.asarray(visible[top:bottom].any(axis=0))) for top, bottom in rows]
    if sum(end - begin >= _SMALLEST_ISLAND for row in columns for begin, end in row) < _FEWEST_ISLANDS:
        return None
    gaps = [_facing(visible, before, after) for before, after in pairwise(bands)]
    for (top, bottom), row in zip(rows, columns, strict=True):
        gaps += [_facing(visible[top:bottom].T, before, after) for before, after in pairwise(row)]
    narrow = [gap for gap in gaps if gap < limit]
    return min(narrow) if narrow and len(narrow) >= _MOST_GAPS * len(gaps) else None


def _has_gap(shown: Flags, limit: float) -> bool:
    """Tell whether any visible pixel follows another one after fewer hidden ones than that."""
    width = shown.shape[1]
    ends = shown[:, :-1] & ~shown[:, 1:]
    return any(bool((ends[:, : width - 1 - gap] & shown[:, gap + 1 :]).any()) for gap in range(1, math.ceil(limit)))


def _facing(lines: Flags, before: tuple[int, int], after: tuple[int, int]) -> float:
    """Return how far apart two stretches of lines are where they face each other, infinite where they hardly do.

    The legs of insects, the letters of a word and the corners of a wreck come near to others without standing beside
    them: what filtering mixes there is nothing.
    """
    if min(before[1] - before[0], after[1] - after[0]) < _SMALLEST_ISLAND:
        return math.inf
    along = int(np.count_nonzero(lines[before[1] - 1] & lines[after[0]]))
    return float(after[0] - before[1]) if along >= _SMALLEST_ISLAND else math.inf


def _runs(flags: Flags) -> list[tuple[int, int]]:
    """Return where the true stretches begin and end."""
    padded = np.zeros(flags.size + 2, np.int8)
    padded[1:-1] = flags
    steps = np.diff(padded)
    return list(zip(np.flatnonzero(steps == 1).tolist(), np.flatnonzero(steps == -1).tolist(), strict=True))


EDGES: Final = (
    Check(
        "AEG211",
        "halo",
        Severity.NOTE,
        "share of the edges",
        "Hidden pixels beside visible ones have another colour: filtering and mipmaps draw it as a fringe.",
        "Let the visible colour bleed into the hidden pixels (the engine's import may), or premultiply.",
        _halo,
        0.33,
        "share of the edges that may differ",
    ),
    Check(
        "AEG212",
        "narrow-gutter",
        Severity.NOTE,
        "pixels between neighbours",
        "Pictures of an atlas stand so close that filtering and mipmaps mix them with their neighbours.",
        "Leave two pixels or more between them, or let their edges bleed outwards.",
        _narrow_gutter,
        2,
        "pixels that must lie between neighbours",
    ),
)

"""How a texture's opposite edges fit together, if it were laid side by side."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from consumer.findings.texture import Bytes, Floats, Texture, share

_LINES: Final = 20
_ALONG: Final = 64
# Of the steps inside, so many are smaller than the one that is compared with.
_LARGER: Final = 0.9
# Levels of 255: edges of less contrast fit anything, and tell nothing.
_FLAT: Final = 4.0
# So much of an edge must vary: a frame's corner beside black fits anything too.
_LEAST_VARIED: Final = 0.25
_FITS: Final = 1.15
_BREAKS: Final = 2.0
_ALIKE: Final = 0.75
_LEAST_STEP: Final = 0.75
_FEWEST: Final = 16
# Steps on each side of a border that it is compared with: pictures are rougher in the middle than at their edges.
_NEAR: Final = 4
# A seam that is so much larger than the steps beside it shows, however rough the rest is; a smaller one does not.
_SHOWS: Final = 2.2
_SEEN: Final = 2.0
# In red or blue, where green steps less.
_SEEN_ALONE: Final = 2.5
_PIECES: Final = 8
# A piece of the seam, over the largest of the steps beside it: more is a line that ends at the border.
_PIECE_SHOWS: Final = 3.5
_LEAST_PIECE_STEP: Final = 2.0
# How unlike the seam a step elsewhere may be, over the seam, to be the same edge of the pattern.
_OWN_EDGE: Final = 0.15
# Nearly all of the seam is one step in brightness, and so many rows have the same one.
_EVEN: Final = 0.8
_ROWS: Final = 3
# Lines before and behind a border, counted from it, that are compared with each other.
_MIRRORED_LINES: Final = (2, 3, 4)
_MIRRORED: Final = 0.5


@dataclass(frozen=True)
class Border:
    """Where the last of ``lines``, uint8 [lines, pixels], would meet the first.

    ``others`` are the same in red and blue: directions of a normal map may fit in one channel and break in another.
    """

    lines: Bytes
    others: tuple[Border, ...] = ()

    @cached_property
    def contrast(self) -> float:
        """How unlike pixels of one edge are that lie far from each other, in levels of 255; of the flatter edge.

        It is 0 where most of the edge has one colour.
        """
        return min(_contrast(line) for line in self._edges)

    @cached_property
    def seam(self) -> float:
        """The mean step across the border, in levels."""
        first, last = self._edges
        return float(np.abs(first - last).mean())

    @cached_property
    def step(self) -> float:
        """The step across the border, over the larger of the steps between lines inside."""
        return self._over(max(1, (len(self.lines) - 1) // _LINES))

    @property
    def fits(self) -> bool:
        """Whether the edges continue each other, and could be told from edges that have nothing to do with it."""
        fits = self.seam <= _ALIKE * self.contrast and self.contrast >= _FLAT and self.step <= _FITS
        return fits and not self._shows and not any(other.jumps for other in self.others)

    @property
    def breaks(self) -> bool:
        """Whether a seam would show."""
        seen = [
            border for border in (self, *self.others) if border.stands_out(_SEEN if border is self else _SEEN_ALONE)
        ]
        return bool(seen) and not any(border.is_own_edge for border in seen)

    @property
    def jumps(self) -> bool:
        """Whether the step across the border is larger than nearly all inside."""
        # What some of the lines say is confirmed by all of them.
        return self.step >= _BREAKS and self._over(1) >= _BREAKS

    def stands_out(self, times: float) -> bool:
        """Tell a jump that is so many times the steps beside it."""
        return self.jumps and self.seam >= times * max(float(self._beside.mean()), _LEAST_STEP)

    @property
    def _shows(self) -> bool:
        """Whether all of the seam, or a piece of it, is larger than the steps beside it."""
        if self.seam > _SHOWS * max(float(self._beside.mean()), _LEAST_STEP):
            return True
        length = max(1, self.lines.shape[1] // _PIECES)
        pieces = slice(None, self.lines.shape[1] // length * length)
        seams = np.abs(self._edges[0] - self._edges[1])[pieces].reshape(-1, length).mean(axis=1)
        beside = self._beside[:, pieces].reshape(len(self._beside), -1, length).mean(axis=2).max(axis=0)
        return bool((seams > _PIECE_SHOWS * np.maximum(beside, _LEAST_PIECE_STEP)).any())

    @cached_property
    def _beside(self) -> Floats:
        """The steps between the lines next to the border, [steps, pixels]."""
        count = min(_NEAR, (len(self.lines) - 1) // 4)
        first, last = self.lines[: count + 1].astype(np.float32), self.lines[-count - 1 :].astype(np.float32)
        steps: Floats = np.abs(np.concatenate([np.diff(first, axis=0), np.diff(last, axis=0)]))
        return steps

    @property
    def is_own_edge(self) -> bool:
        """Whether lines inside follow each other that are like the last and the first, as between rows of bricks.

        Once is enough where all of their pixels are alike; of their brightness it takes several.
        """
        lines = self.lines.astype(np.int16)
        first, last = lines[0], lines[-1]
        before, after = lines[2:-3], lines[3:-2]
        unlike = np.abs(before - last).mean(axis=1) + np.abs(after - first).mean(axis=1)
        if float(unlike.min()) <= 2 * _OWN_EDGE * self.seam:
            return True
        step = abs(float(first.mean() - last.mean()))
        unlike = np.abs(before.mean(axis=1) - last.mean()) + np.abs(after.mean(axis=1) - first.mean())
        return step >= _EVEN * self.seam and int(np.count_nonzero(unlike <= 2 * _OWN_EDGE * step)) >= _ROWS

    @cached_property
    def is_mirrored(self) -> bool:
        """Whether the border looks the same from both sides, as the frame of an icon or the dark around a glow does.

        Such edges fit although nothing goes on across them. Lines of a surface that goes on are as unlike there as
        others that lie so far apart.
        """
        lines = self.lines.astype(np.int16)
        shares = []
        for at in _MIRRORED_LINES:
            apart = 2 * at + 1
            across = float(np.abs(lines[at] - lines[-1 - at]).mean())
            usual = float(np.median(np.abs(lines[apart:] - lines[:-apart]).mean(axis=1)))
            shares.append(across / max(usual, _LEAST_STEP))
        return sum(shares) < _MIRRORED * len(shares)

    def _over(self, apart: int) -> float:
        """Return the seam over the larger of the steps inside, of lines so far apart."""
        first, second = self.lines[:-1:apart], self.lines[1::apart]
        inside = np.abs(first.astype(np.int16) - second).mean(axis=1, dtype=np.float32)
        usual = float(np.sort(inside)[int(len(inside) * _LARGER)])
        return self.seam / max(usual, _LEAST_STEP)

    @cached_property
    def _edges(self) -> tuple[Floats, Floats]:
        return self.lines[0].astype(np.float32), self.lines[-1].astype(np.float32)


@dataclass(frozen=True)
class TilingView:
    """The two borders of a texture; None where nothing can be told."""

    texture: Texture

    @cached_property
    def across(self) -> Border | None:
        """The border between the right edge and the left one."""
        return self._border(1)

    @cached_property
    def down(self) -> Border | None:
        """The border between the bottom and the top."""
        return self._border(0)

    def _border(self, axis: int) -> Border | None:
        pixels = self.texture.eight
        if min(pixels.shape[:2]) < _FEWEST or self.texture.uses_alpha:
            return None
        # Green, which is most of the brightness, tells of nearly all.
        first, *others = (1, 0, 2) if self.texture.bands > 2 else (0,)
        beside = tuple(Border(_lines(pixels[..., band], axis)) for band in others)
        return Border(_lines(pixels[..., first], axis), beside)


def _lines(channel: Bytes, axis: int) -> Bytes:
    lines = channel if axis == 0 else channel.T
    return lines[:, :: max(1, lines.shape[1] // _ALONG)]


def _contrast(line: Floats) -> float:
    far = len(line) // 3
    unlike = np.abs(line[far:] - line[:-far])
    return float(unlike.mean()) if share(unlike >= _FLAT) >= _LEAST_VARIED else 0.0

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
        return fits and not any(other.breaks for other in self.others)

    @property
    def breaks(self) -> bool:
        """Whether a seam would show."""
        # What some of the lines say is confirmed by all of them.
        breaks = self.step >= _BREAKS and self._over(1) >= _BREAKS
        return breaks or any(other.breaks for other in self.others)

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

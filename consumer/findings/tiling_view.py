"""How a texture's opposite edges fit together, if it were laid side by side."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from consumer.findings.texture import Bytes, Floats, Texture

_LINES: Final = 20
_ALONG: Final = 64
# Of the steps inside, so many are smaller than the one that is compared with.
_LARGER: Final = 0.9
# Levels of 255: edges of less contrast fit anything, and tell nothing.
_FLAT: Final = 4.0
_FITS: Final = 1.15
_BREAKS: Final = 2.0
_ALIKE: Final = 0.75
_LEAST_STEP: Final = 0.75
_FEWEST: Final = 16


@dataclass(frozen=True)
class Border:
    """Where the last of ``lines``, uint8 [lines, pixels], would meet the first."""

    lines: Bytes

    @cached_property
    def contrast(self) -> float:
        """How unlike pixels of one edge are that lie far from each other, in levels of 255; of the flatter edge."""
        return min(_contrast(line) for line in self._edges)

    @cached_property
    def seam(self) -> float:
        """The mean step across the border, in levels."""
        first, last = self._edges
        return float(np.abs(first - last).mean())

    @cached_property
    def step(self) -> float:
        """The step across the border, over the larger of the steps between lines inside."""
        count = len(self.lines)
        apart = max(1, (count - 1) // _LINES)
        first, second = self.lines[:-1:apart], self.lines[1::apart]
        inside = np.abs(first.astype(np.int16) - second).mean(axis=1, dtype=np.float32)
        usual = float(np.sort(inside)[int(len(inside) * _LARGER)])
        return self.seam / max(usual, _LEAST_STEP)

    @property
    def fits(self) -> bool:
        """Whether the edges continue each other, and could be told from edges that have nothing to do with it."""
        return self.seam <= _ALIKE * self.contrast and self.contrast >= _FLAT and self.step <= _FITS

    @property
    def breaks(self) -> bool:
        """Whether a seam would show."""
        return self.step >= _BREAKS

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
        # One channel tells: green, which is most of the brightness.
        pixels = self.texture.eight[..., 1 if self.texture.bands > 2 else 0]
        if min(pixels.shape) < _FEWEST or self.texture.uses_alpha:
            return None
        lines = pixels if axis == 0 else pixels.T
        return Border(lines[:, :: max(1, lines.shape[1] // _ALONG)])


def _contrast(line: Floats) -> float:
    far = len(line) // 3
    return float(np.abs(line[far:] - line[:-far]).mean())

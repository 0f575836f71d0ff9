"""One texture as the checks see it: its pixels, samples of them, and what is known of it beside them.

Most checks look at samples; what must hold for every pixel is confirmed on all of them, once the samples agree.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt

from consumer.findings.names import words
from consumer.imaging.facts import TextureFacts
from consumer.imaging.picture import Samples, to_eight_bits
from consumer.imaging.whole_pixels import all_alpha, every, is_seen

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp]
ViewT = TypeVar("ViewT")

_PATCH_SIDE: Final = 64
_SCATTERED_PIXELS: Final = 64 * 64
_ROWS: Final = 48
_OPAQUE: Final = 255
# Of pixel art, whose glows and shadows may be half transparent.
_MOST_GRADED: Final = 0.5
# What fits no palette.
_MANY_COLOURS: Final = 256


@dataclass(frozen=True)
class Texture:
    """Pixels [H, W, bands] of grey, grey and alpha, RGB or RGBA: uint8, or uint16 where they are grey alone.

    ``full_size`` is (width, height) of a texture whose pixels were made smaller while it was decoded, None for others.
    ``mode`` is the file's own, as Pillow names it, and ``file_format`` its format, as ``ImageLimits`` does; None where
    they are not known. ``path`` is what the texture is called, with its folders.
    """

    pixels: Samples
    mode: str | None = None
    file_format: str | None = None
    facts: TextureFacts = field(default_factory=TextureFacts)
    path: str = ""
    full_size: tuple[int, int] | None = None
    _views: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)

    def view(self, kind: Callable[[Texture], ViewT]) -> ViewT:
        """Return what ``kind`` makes of this texture, made once."""
        if kind not in self._views:
            self._views[kind] = kind(self)
        made: ViewT = self._views[kind]
        return made

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def sides(self) -> tuple[int, int]:
        """Width and height of the texture in its file."""
        return self.full_size or (self.width, self.height)

    @property
    def bands(self) -> int:
        return int(self.pixels.shape[2])

    @property
    def has_alpha(self) -> bool:
        return self.bands in {2, 4}

    @cached_property
    def words(self) -> frozenset[str]:
        """The words of the texture's own name, lower case."""
        return words(self.path)

    @cached_property
    def eight(self) -> Bytes:
        """The pixels in 8 bits, contiguous."""
        eight = to_eight_bits(self.pixels) if self.pixels.dtype == np.uint16 else self.pixels
        return np.ascontiguousarray(eight)

    @cached_property
    def is_transparent(self) -> bool:
        """Whether every pixel is invisible."""
        if not self.has_alpha or self.scattered[..., -1].max() > 0:
            return False
        return all_alpha(self.eight, np.bitwise_or) == 0

    @cached_property
    def uses_alpha(self) -> bool:
        """Whether any pixel is less than opaque."""
        if not self.has_alpha:
            return False
        return bool(self.scattered[..., -1].min() < _OPAQUE) or all_alpha(self.eight, np.bitwise_and) != _OPAQUE

    def is_shown(self, alpha: int) -> Flags:
        """Tell by pixel, [H, W], where alpha is above this."""
        return is_seen(self.eight, alpha + 1)

    @cached_property
    def patches(self) -> Bytes:
        """Up to four pieces in full resolution, [n, h, w, bands], their corners on multiples of 8 pixels."""
        pixels = self.eight
        tops, height = _cuts(self.height)
        lefts, width = _cuts(self.width)
        return np.stack([pixels[top : top + height, left : left + width] for top in tops for left in lefts])

    @cached_property
    def luma(self) -> Floats:
        """The brightness of the patches, [n, h, w], 0 to 255: green, which is most of it, where there are colours."""
        return self.patches[..., 1 if self.bands > 2 else 0].astype(np.float32)

    @cached_property
    def scattered(self) -> Bytes:
        """About 4096 pixels from all over the texture, [h, w, bands]."""
        step = max(1, math.isqrt(self.height * self.width // _SCATTERED_PIXELS))
        if min(self.height, self.width) <= step:
            return self.eight
        return every(step, self.eight)

    @cached_property
    def some_rows(self) -> Bytes:
        """Whole rows from top to bottom, [h, W, bands], contiguous."""
        step = max(1, self.height // _ROWS)
        return np.ascontiguousarray(self.eight[step // 2 :: step])

    @cached_property
    def some_alpha(self) -> Bytes:
        """The alpha of these rows, [h, W], contiguous."""
        return np.ascontiguousarray(self.some_rows[..., -1])

    def of_some_rows(self, places: Places) -> Bytes:
        """Return the pixels, [N, 4], at these places of the rows, counted from the first one on; of RGBA alone."""
        # Whole pixels are picked several times as fast as bytes, and places as fast as flags are looked through.
        return self.some_rows.view(np.uint32).ravel()[places].view(np.uint8).reshape(-1, 4)

    @cached_property
    def middle(self) -> Bytes:
        """Up to 64 by 64 pixels of the middle, [h, w, bands]."""
        top, left = max(0, (self.height - _PATCH_SIDE) // 2), max(0, (self.width - _PATCH_SIDE) // 2)
        return np.ascontiguousarray(self.eight[top : top + _PATCH_SIDE, left : left + _PATCH_SIDE])

    @cached_property
    def middle_colours(self) -> int:
        """How many colours the middle has, whatever their alpha; above 256 perhaps no more than some of them."""
        pixels = self.middle
        some = _colours(pixels[: len(pixels) // 3])
        return some if some > _MANY_COLOURS else _colours(pixels)

    @cached_property
    def is_pixel_art(self) -> bool:
        """Whether it is small, has few colours and areas of one colour, as drawn pixel by pixel."""
        if max(self.height, self.width) > 512 or self.middle_colours > 48:
            return False
        if self.uses_alpha:
            # Graded alpha is data, as of a gloss map: colours that are few beside it come from block compression.
            alpha = self.scattered[..., -1]
            return share((alpha > 0) & (alpha < _OPAQUE)) < _MOST_GRADED
        middle = self.middle[..., :3]
        return share((middle[:, 1:] == middle[:, :-1]).all(axis=-1)) > 0.25

    @cached_property
    def is_surface(self) -> bool:
        """Whether it covers its whole rectangle, as what is laid on a model does."""
        return not self.uses_alpha and min(self.height, self.width) >= 32


def share(flags: Flags) -> float:
    """Return how much of it is true, 0 of nothing."""
    return float(np.count_nonzero(flags) / flags.size) if flags.size else 0.0


def _colours(pixels: Bytes) -> int:
    codes = pixels[..., 0].astype(np.int32)
    if pixels.shape[2] > 2:
        codes = (codes << 16) | (pixels[..., 1].astype(np.int32) << 8) | pixels[..., 2]
    codes = np.sort(codes, axis=None)
    return min(1, codes.size) + int(np.count_nonzero(codes[1:] != codes[:-1]))


def _cuts(side: int) -> tuple[list[int], int]:
    """Return where pieces of a side begin, and how long they are."""
    if side < 2 * _PATCH_SIDE:
        length = min(side, _PATCH_SIDE)
        return [(side - length) // 2 // 8 * 8], length
    return [(side * quarter // 4 - _PATCH_SIDE // 2) // 8 * 8 for quarter in (1, 3)], _PATCH_SIDE

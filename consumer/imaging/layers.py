"""Texture files that hold several pictures of one size: sides of a cube, layers of an array, slices of a volume."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from consumer.imaging.errors import undecodable
from consumer.imaging.picture import ImageLimits, Picture, in_colour

_LARGEST_TEXEL_BYTES: Final = 16
# Where the sides +x, -x, +y, -y, +z, -z stand in a cross of four by three: column and row.
_CROSS: Final = ((2, 1), (0, 1), (1, 0), (1, 2), (1, 1), (3, 1))


@dataclass(frozen=True, slots=True)
class Layers:
    """``unpacked_bytes`` is what all pictures take together where they are packed once more, 0 where they are not.

    ``decode`` takes the number of a picture, from 0 to ``count`` - 1, and may raise ImageRejectedError.
    """

    width: int
    height: int
    count: int
    is_cube: bool
    decode: Callable[[int], Picture]
    unpacked_bytes: int = 0

    def picture(self, number: int, limits: ImageLimits) -> Picture:
        """Decode one of the pictures; raises ImageRejectedError."""
        limits.check_size(self.width, self.height)
        if self.unpacked_bytes > max(limits.max_bytes, limits.max_pixels * _LARGEST_TEXEL_BYTES):
            raise undecodable(f"unpacks to {self.unpacked_bytes} bytes, more than its largest pictures may take")
        if not 0 <= number < self.count:
            raise undecodable(f"has no picture {number}: it holds {self.count}")
        return self.decode(number)

    def in_one(self, limits: ImageLimits) -> Picture:
        """Return the file as one picture: of a cube its six sides in a cross, of all others the first picture.

        Raises ImageRejectedError.
        """
        if not self.is_cube or self.count != len(_CROSS):
            return self.picture(0, limits)
        height, width = self.height, self.width
        limits.check_size(width * 4, height * 3)
        cross = np.zeros((3 * height, 4 * width, 4), np.uint8)
        for number, (column, row) in enumerate(_CROSS):
            side = in_colour(self.picture(number, limits)).pixels
            place = cross[row * height : (row + 1) * height, column * width : (column + 1) * width]
            place[..., 3] = 255
            place[..., : side.shape[2]] = side
        return Picture(cross, "RGBA")

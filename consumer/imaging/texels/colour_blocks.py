"""The colour blocks of BC1, BC2 and BC3: two ends of a line in 5-6-5 bits, and for each pixel a place on it.

Pillow and others widen the ends to 8 bits before they mix them, and are a level off; as bcdec does, what is mixed here
is the ends' own bits, and each colour is the nearest level to what the specification says.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np

from consumer.imaging.picture import Samples

_SHIFTS_AND_BITS: Final = ((11, 5), (5, 6), (0, 5))


@cache
def _nearest(bits: int, parts: int) -> Samples:
    """Return the level of 8 bits for each sum of ``parts`` values of so many bits."""
    most = parts * ((1 << bits) - 1)
    levels: Samples = ((np.arange(most + 1) * 255 * 2 + most) // (2 * most)).astype(np.uint32)
    return levels


def rgba_of(blocks: Samples, *, three_colours: bool) -> Samples:
    """Return pixels [count, 16, 4] of colour blocks, uint8 [count, 8].

    With ``three_colours`` a block whose first end is not the larger has a third one in their middle, and a transparent
    black, as in BC1; in BC2 and BC3 every block has four.
    """
    words = np.ascontiguousarray(blocks).view("<u2").reshape(-1, 4).astype(np.int32)
    first, last = words[:, 0], words[:, 1]
    thirds = (first > last) if three_colours else np.ones(len(words), bool)
    colours = np.zeros((len(words), 4), np.uint32)
    for place, (shift, bits) in enumerate(_SHIFTS_AND_BITS):
        start, end = (word >> shift & ((1 << bits) - 1) for word in (first, last))
        whole, third, half = (_nearest(bits, parts) for parts in (1, 3, 2))
        planes = (
            whole[start],
            whole[end],
            np.where(thirds, third[2 * start + end], half[start + end]),
            np.where(thirds, third[start + 2 * end], 0),
        )
        for number, plane in enumerate(planes):
            colours[:, number] |= plane << np.uint32(8 * place)
    colours[:, :3] |= np.uint32(0xFF00_0000)
    colours[:, 3] |= np.where(thirds, np.uint32(0xFF00_0000), np.uint32(0))
    indices = words[:, 2] & 0xFFFF | words[:, 3] << 16
    places = (indices[:, None] >> np.arange(0, 32, 2, dtype=np.int32)) & 3
    places += 4 * np.arange(len(words), dtype=np.int32)[:, None]
    pixels: Samples = colours.reshape(-1)[places].astype("<u4", copy=False).view(np.uint8).reshape(-1, 16, 4)
    return pixels

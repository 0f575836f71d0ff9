"""What a texel format is: how many bytes a picture takes in it, and how they become pixels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from consumer.imaging.errors import undecodable
from consumer.imaging.picture import Samples


@dataclass(frozen=True, slots=True)
class TexelFormat:
    """``unpack`` takes exactly ``size_bytes(width, height)`` bytes and gives pixels as :class:`Picture` has them.

    ``mode`` names those pixels as Pillow does. ``reader`` is the code that unpacks, ``loss`` what does not fit into the
    pixels, empty for nothing.
    """

    name: str
    mode: str
    unpack: Callable[[bytes, int, int], Samples]
    size_bytes: Callable[[int, int], int]
    reader: str
    loss: str = ""

    def decode(self, data: bytes | memoryview, width: int, height: int) -> Samples:
        """Return the pixels; raises ImageRejectedError where there are too few bytes."""
        size_bytes = self.size_bytes(width, height)
        if len(data) < size_bytes:
            raise undecodable(
                f"is cut short: {width} by {height} pixels in {self.name} take {size_bytes} bytes, "
                f"and {len(data)} are there"
            )
        return self.unpack(bytes(data[:size_bytes]), width, height)

    def named(self, name: str) -> TexelFormat:
        return replace(self, name=name)


def opaque(kind: TexelFormat) -> TexelFormat:
    """Return the format without the alpha that its texels could have, and that the file gives no meaning."""

    def unpack(data: bytes, width: int, height: int) -> Samples:
        return np.ascontiguousarray(kind.unpack(data, width, height)[..., :3])

    return replace(kind, name=f"{kind.name} opaque", mode="RGB", unpack=unpack)


def with_green_in_alpha(kind: TexelFormat, name: str) -> TexelFormat:
    """Return the format of two channels whose second one lies in alpha."""

    def unpack(data: bytes, width: int, height: int) -> Samples:
        pixels = kind.unpack(data, width, height)
        return np.dstack([pixels[..., 0], pixels[..., 3], np.zeros_like(pixels[..., 0])])

    return replace(kind, name=name, mode="RGB", unpack=unpack)


def blocks_of(width: int, height: int, block_width: int = 4, block_height: int = 4) -> int:
    return -(-width // block_width) * -(-height // block_height)

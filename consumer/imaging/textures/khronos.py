"""What both versions of KTX say of their pictures; 0 stands for a dimension that is not there."""

from __future__ import annotations

from collections.abc import Callable

from consumer.imaging.layers import Layers
from consumer.imaging.picture import Picture

_CUBE_SIDES = 6


class KhronosHeader:
    """The fields that both headers have."""

    __slots__ = ()
    width: int
    height: int
    depth: int
    layers: int
    sides: int

    @property
    def rows(self) -> int:
        return max(self.height, 1)

    def pictures(self, decode: Callable[[int], Picture], unpacked_bytes: int = 0) -> Layers:
        """Return what the file holds: each side of each layer, or each slice."""
        count = max(self.layers, 1) * max(self.sides, 1) * max(self.depth, 1)
        return Layers(self.width, self.rows, count, self.sides == _CUBE_SIDES, decode, unpacked_bytes)

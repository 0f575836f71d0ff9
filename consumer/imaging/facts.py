"""What a texture file says of itself beside its pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_MOST_SIZES: Final = 32


@dataclass(frozen=True, slots=True)
class TextureFacts:
    """``format`` is that of the texels in the game's file; None stands for what the file does not say.

    ``usage`` is normal_map, lightmap or single_channel, ``color_space`` srgb or linear, ``wrap`` repeat, clamp,
    mirror or mirror_once, and ``mip_count`` counts the sizes, the largest included.
    """

    format: str | None = None
    usage: str | None = None
    color_space: str | None = None
    mip_count: int | None = None
    wrap: str | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """The ``mode`` of an image file, as Pillow names it, and its ``file_format``, as ``ImageLimits`` does."""

    mode: str | None = None
    file_format: str | None = None


def mip_count(stated: int | None) -> int | None:
    """Return how many sizes a file states, None for none and for more than any texture has."""
    return stated if stated and 1 <= stated <= _MOST_SIZES else None

"""How one texture was made from another, told by both pictures made small: the same, resized, turned, recoloured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from PIL import Image

from consumer.findings.texture import Bytes, Flags, Floats

SIDE: Final = 32
# Levels of 255: pictures of less contrast are like anything.
_FLAT: Final = 4.0
# Root mean square of the differences, in levels and as a share of the contrast.
_LIKE: Final = 8.0
_LIKE_SHARE: Final = 0.3
# A coarse grid is alike by chance more often.
_ROUGHER: Final = 1.5
# A turned picture must be so much nearer than the picture as it is, or symmetry explains it.
_CLEARER: Final = 0.5
_ALPHA: Final = 8.0
_SHOWN: Final = 240
_SHAPES: Final = 0.9
_SAME_ASPECT: Final = 0.03


class Relation(StrEnum):
    """What a texture is of another; the first that fits counts."""

    IDENTICAL = "identical"
    RECOMPRESSED = "recompressed"
    RESIZED = "resized"
    ALPHA_DIFFERS = "alpha-differs"
    FLIPPED = "flipped"
    ROTATED = "rotated"
    RECOLOURED = "recoloured"


@dataclass(frozen=True, slots=True)
class Signature:
    """A texture made small: ``colours`` float32 [32, 32, 3] and ``alpha`` [32, 32], 0 to 255; ``digest`` of its pixels.

    ``size`` is (width, height). Colours of what is transparent count as nothing.
    """

    size: tuple[int, int]
    colours: Floats
    alpha: Floats
    digest: bytes

    @property
    def contrast(self) -> float:
        return float(self.colours.std(axis=(0, 1)).max())


def signature(pixels: Bytes, digest: bytes) -> Signature:
    """Return the signature of RGB or RGBA pixels, uint8 [H, W, bands]; ``digest`` tells equal pixels from others."""
    height, width = pixels.shape[:2]
    image = Image.fromarray(pixels).convert("RGBA")
    # Premultiplied while it is made smaller: what is behind transparency would bleed.
    small = np.asarray(image.convert("RGBa").resize((SIDE, SIDE), Image.Resampling.BILINEAR), np.float32)
    alpha = small[..., 3]
    return Signature((width, height), small[..., :3], alpha, digest)


_Turn = Callable[[Floats], Floats]
_FLIPS: Final[tuple[_Turn, ...]] = (np.fliplr, np.flipud)
_ROTATIONS: Final[tuple[_Turn, ...]] = (
    lambda plane: np.rot90(plane, 1),
    lambda plane: np.rot90(plane, 2),
    lambda plane: np.rot90(plane, 3),
)


def relation(one: Signature, other: Signature) -> Relation | None:
    """Return what the two are to each other, None where they are different pictures or nothing can be told."""
    if one.size == other.size and one.digest == other.digest:
        return Relation.IDENTICAL
    if min(one.contrast, other.contrast) < _FLAT:
        return None
    if not _same_aspect(one.size, other.size):
        return _turned(one, other)
    apart = _apart(one.colours, other.colours)
    alike = apart <= _limit(one, other)
    opacity = _apart(one.alpha, other.alpha)
    if alike and opacity <= _ALPHA:
        return Relation.RECOMPRESSED if one.size == other.size else Relation.RESIZED
    if opacity > _ALPHA and _alike_where_shown(one, other):
        return Relation.ALPHA_DIFFERS
    return _turned(one, other) or (Relation.RECOLOURED if _same_shapes(one, other) else None)


def _same_aspect(one: tuple[int, int], other: tuple[int, int]) -> bool:
    first, second = one[0] / one[1], other[0] / other[1]
    return abs(first - second) <= _SAME_ASPECT * max(first, second)


def _limit(one: Signature, other: Signature) -> float:
    return min(_LIKE, _LIKE_SHARE * min(one.contrast, other.contrast))


def _apart(one: Floats, other: Floats) -> float:
    """Return the root mean square of the differences, those of half the grid counting where they are less.

    Where one of them was made smaller than the grid, or drawn pixel by pixel, its finest detail lies elsewhere.
    """
    differences = one - other
    return min(_root(differences), _ROUGHER * _root(_halved(differences)))


def _root(differences: Floats) -> float:
    return float(np.sqrt(np.square(differences).mean()))


def _halved(plane: Floats) -> Floats:
    halved: Floats = plane[::2, ::2] + plane[1::2, ::2] + plane[::2, 1::2] + plane[1::2, 1::2]
    halved *= np.float32(0.25)
    return halved


def _alike_where_shown(one: Signature, other: Signature) -> bool:
    """Tell whether both have the same colours where both show any."""
    shown = (one.alpha > _SHOWN) & (other.alpha > _SHOWN)
    if np.count_nonzero(shown) < SIDE * SIDE // 16:
        return False
    first, second = (_straight(item, shown) for item in (one, other))
    contrast = float(first.std(axis=0).max())
    return contrast >= _FLAT and _root(first - second) <= min(_LIKE, _LIKE_SHARE * contrast)


def _straight(item: Signature, shown: Flags) -> Floats:
    """Return the colours of these pixels, [N, 3], as they were before alpha was multiplied in."""
    straight: Floats = item.colours[shown]
    straight *= (np.float32(255) / item.alpha[shown])[:, None]
    return straight


def _turned(one: Signature, other: Signature) -> Relation | None:
    """Return whether it is the other one in a mirror, or lying on another side."""
    same = _same_aspect(one.size, other.size)
    crossed = _same_aspect(one.size, (other.size[1], other.size[0]))
    tries = [(Relation.FLIPPED, turn) for turn in _FLIPS if same]
    tries += [(Relation.ROTATED, turn) for turn in _ROTATIONS[1::2] if same]
    tries += [(Relation.ROTATED, turn) for turn in _ROTATIONS[::2] if crossed]
    unturned = _apart(one.colours, other.colours) if same else float("inf")
    best = min(
        ((_apart(one.colours, turn(other.colours)), name, turn) for name, turn in tries), default=None, key=_first
    )
    if best is None:
        return None
    apart, name, turn = best
    if apart > min(_limit(one, other), _CLEARER * unturned) or _apart(one.alpha, turn(other.alpha)) > _ALPHA:
        return None
    return name


def _first(item: tuple[float, Relation, _Turn]) -> float:
    return item[0]


def _same_shapes(one: Signature, other: Signature) -> bool:
    """Tell whether the same edges stand in the same places, whatever their colours."""
    first, second = (_edges(item.colours) for item in (one, other))
    power = float(np.sqrt(np.vdot(first, first) * np.vdot(second, second)))
    return power > 0 and float(np.vdot(first, second)) / power >= _SHAPES


def _edges(colours: Floats) -> Floats:
    """Return how steep colours are, less the mean, so that two even pictures are not alike."""
    across = np.abs(np.diff(colours, axis=1)).sum(axis=-1)[:-1]
    down = np.abs(np.diff(colours, axis=0)).sum(axis=-1)[:, :-1]
    steep: Floats = across + down
    steep -= steep.mean()
    return steep

"""How one texture was made from another, told by both pictures made small: the same, resized, turned, recoloured.

Whether one lies in the other, cropped or padded, is confirmed on the pixels themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Final

import numpy as np
from PIL import Image

from consumer.findings.part import Sighting, is_padding, place_in, seen_in
from consumer.findings.signature import SIDE, Signature
from consumer.findings.texture import Bytes, Flags, Floats

# Levels of 255: pictures of less contrast are like anything.
_FLAT: Final = 4.0
# Root mean square of the differences, in levels and as a share of the contrast.
_LIKE: Final = 8.0
_LIKE_SHARE: Final = 0.3
# A coarse grid is alike by chance more often.
_ROUGHER: Final = 1.5
_COARSEST: Final = 8
# A turned picture must be so much nearer than the picture as it is, or symmetry explains it.
_CLEARER: Final = 0.5
_ALPHA: Final = 8.0
_SHOWN: Final = 240
_SHAPES: Final = 0.9
_SAME_ASPECT: Final = 0.03
# So few pixels a side lie across the cells of any grid, and their edges differ by that much.
_TINY: Final = 12
_LOOSER: Final = 1.6


class Relation(StrEnum):
    """What a texture is of another.

    ``MIP_OF``: exactly a half, a quarter, … of its size, as a level of its mip chain is. ``CROPPED``: a part of it,
    ``PADDED``: it with nothing around it, both pixel for pixel.
    """

    IDENTICAL = "identical"
    RECOMPRESSED = "recompressed"
    MIP_OF = "mip-of"
    RESIZED = "resized"
    CROPPED = "cropped"
    PADDED = "padded"
    ALPHA_DIFFERS = "alpha-differs"
    FLIPPED = "flipped"
    ROTATED = "rotated"
    RECOLOURED = "recoloured"


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
    is_mip = _is_mip(one.size, other.size)
    if not (_same_aspect(one.size, other.size) or is_mip):
        return _turned(one, other)
    side = min(*one.size, *other.size)
    looser = _LOOSER if is_mip and side < _TINY else 1.0
    alike = _apart(one.colours, other.colours, side) <= looser * _limit(one, other)
    opacity = _apart(one.alpha, other.alpha, side)
    if alike and opacity <= looser * _ALPHA:
        return _scaled(one.size, other.size)
    if opacity > _ALPHA and (_stored_alike(one, other) or _alike_where_shown(one, other)):
        return Relation.ALPHA_DIFFERS
    return _turned(one, other) or (Relation.RECOLOURED if _same_shapes(one, other) else None)


def seen_within(part: Signature, whole: Signature) -> Sighting | None:
    """Return where ``part`` may lie in ``whole``, for :func:`part_relation`; None where it does not."""
    if part.size == whole.size or part.size[0] > whole.size[0] or part.size[1] > whole.size[1]:
        return None
    return seen_in(part.overview, whole.overview)


def part_relation(part: Bytes, whole: Bytes, sighting: Sighting) -> Relation | None:
    """Return how one was made from the other where RGB or RGBA pixels of ``part`` lie in those of ``whole``.

    ``PADDED`` tells of the whole, ``CROPPED`` of the part. What comes of it goes before what :func:`relation` tells.
    """
    part, whole = _rgba(part), _rgba(whole)
    place = place_in(part, whole, sighting)
    if place is None:
        return None
    return Relation.PADDED if is_padding(part, whole, place) else Relation.CROPPED


def is_told_of(told: Relation, size: tuple[int, int], other: tuple[int, int]) -> bool:
    """Tell whether the relation is said of the texture of ``size``: of the larger where padded, else of the smaller."""
    larger = size[0] * size[1] > other[0] * other[1]
    return larger if told is Relation.PADDED else not larger


def _rgba(pixels: Bytes) -> Bytes:
    return np.asarray(Image.fromarray(pixels).convert("RGBA"))


def _scaled(one: tuple[int, int], other: tuple[int, int]) -> Relation:
    """Return what a picture of the one size is of the same picture in the other."""
    if one == other:
        return Relation.RECOMPRESSED
    return Relation.MIP_OF if _is_mip(one, other) else Relation.RESIZED


def _is_mip(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Tell whether the smaller of two sizes is one of the larger's mip chain, whose sides are rounded down."""
    small, large = sorted((one, other), key=lambda size: size[0] * size[1])
    halvings = range(1, max(large).bit_length())
    return any(small == (max(1, large[0] >> level), max(1, large[1] >> level)) for level in halvings)


def _same_aspect(one: tuple[int, int], other: tuple[int, int]) -> bool:
    first, second = one[0] / one[1], other[0] / other[1]
    return abs(first - second) <= _SAME_ASPECT * max(first, second)


def _limit(one: Signature, other: Signature) -> float:
    return min(_LIKE, _LIKE_SHARE * min(one.contrast, other.contrast))


def _apart(one: Floats, other: Floats, side: int = SIDE) -> float:
    """Return the root mean square of the differences, those of half the grid counting where they are less.

    Where they were drawn pixel by pixel, their finest detail lies elsewhere. ``side`` is the shortest of their sides in
    pixels: a grid that is finer than the pixels has no more detail.
    """
    differences = one - other
    while side < differences.shape[0] > _COARSEST:
        differences = _halved(differences)
    return min(_root(differences), _ROUGHER * _root(_halved(differences)))


def _root(differences: Floats) -> float:
    return float(np.sqrt(np.square(differences).mean()))


def _halved(plane: Floats) -> Floats:
    halved: Floats = plane[::2, ::2] + plane[1::2, ::2] + plane[::2, 1::2] + plane[1::2, 1::2]
    halved *= np.float32(0.25)
    return halved


def _stored_alike(one: Signature, other: Signature) -> bool:
    """Tell whether both store the same colours, whether they show them or not."""
    first, second = (item.stored.astype(np.float32) for item in (one, other))
    contrast = min(float(colours.std(axis=(0, 1)).max()) for colours in (first, second))
    return contrast >= _FLAT and _root(first - second) <= min(_LIKE, _LIKE_SHARE * contrast)


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

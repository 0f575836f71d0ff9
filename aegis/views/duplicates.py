"""Pairs of textures as one HTML file that needs nothing beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from PIL import Image

from consumer.findings.texture import Bytes
from consumer.searching.duplicates import Duplicate
from export.reports.pages import address_of, environment

_MIB: Final = 1024 * 1024
_THUMBNAIL_SIDE: Final = 160
# Drawn larger pixel by pixel: what is smaller is pixel art more often than not.
_SMALL_SIDE: Final = 64
_ENVIRONMENT: Final = environment("aegis.views")


@dataclass(frozen=True, slots=True)
class Side:
    """One of a pair: ``address`` holds its picture, None where there is none."""

    asset_id: str
    address: str | None = None
    size: str | None = None
    is_small: bool = False


@dataclass(frozen=True, slots=True)
class _Pair:
    relation: str
    saves_mib: float
    one: Side
    other: Side


def side(asset_id: str, pixels: Bytes | None) -> Side:
    """Return an asset with its picture made small."""
    if pixels is None:
        return Side(asset_id)
    height, width = pixels.shape[:2]
    small = Image.fromarray(pixels)
    small.thumbnail((_THUMBNAIL_SIDE, _THUMBNAIL_SIDE))
    return Side(asset_id, address_of(small), f"{width} by {height}", max(width, height) <= _SMALL_SIDE)


def duplicates_page(shown: Sequence[Duplicate], found: Sequence[Duplicate], sides: Mapping[str, Side]) -> str:
    """Return the document: the pairs ``shown`` with their pictures, and figures of all that were ``found``."""
    pairs = [
        _Pair(pair.relation.value, pair.bytes_saved / _MIB, sides[pair.asset_id], sides[pair.other]) for pair in shown
    ]
    return _ENVIRONMENT.get_template("duplicates.html").render(
        pairs=pairs,
        total=len(found),
        saved_mib=sum(pair.bytes_saved for pair in found) / _MIB,
        counts=list(_counts(found)),
    )


def _counts(found: Iterable[Duplicate]) -> Iterable[tuple[str, int, float]]:
    pairs, saved = Counter[str](), Counter[str]()
    for pair in found:
        pairs[pair.relation.value] += 1
        saved[pair.relation.value] += pair.bytes_saved
    return ((name, count, saved[name] / _MIB) for name, count in pairs.most_common())

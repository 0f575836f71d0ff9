"""What leads a question of the gallery: the few that an index gives, or a walk until a page is full."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from consumer.gateway.page.ranking import SHOWN
from consumer.gateway.page.state import GalleryState
from consumer.storage.tables.facets import Library
from consumer.storage.tables.gallery import Sort

# Reading all of so many costs as much as walking through a million textures until a page is full.
_RARE: Final = 8_000
# As the database measured: a row of a tag's index, a texture that is fetched for it, and a look whether one has a tag.
_ROW_US: Final = 1.7
_FETCHED_US: Final = 25.0
_LOOK_US: Final = 12.0
# Of relations: one that two indexes give with its time, one whose tags are read for its place in another order, and a
# look whether a texture has one.
_TOLD_US: Final = 3.0
_TOLD_TAGS_US: Final = 40.0
_TOLD_LOOK_US: Final = 4.0


def is_rare(library: Library | None, state: GalleryState) -> bool:
    """Tell whether to gather all textures with the tags, or to walk from the newest on until a page is full.

    Tags that exclude each other may both be frequent, and hardly a texture has both: walking would reach the last.
    """
    if library is None or not state.tags:
        return False
    bearing = [library.textures_with(tag) for tag in state.tags]
    if len(bearing) == 1:
        return bearing[0] <= _RARE
    share = _share(_mask(library, state))
    gathering_us = sum(bearing) * _ROW_US + share * library.total * _FETCHED_US
    walking_us = min(library.total, SHOWN / share) * len(bearing) * _LOOK_US
    return gathering_us < walking_us


def is_told_rarely(library: Library | None, state: GalleryState) -> bool:
    """Tell whether to gather all textures with the relation, or to look whether others have it until a page is full.

    Those of a relation often were stored together, so what counts is how far from the newest the first of them lie.
    """
    if library is None or not state.relation:
        return True
    told, mask = library.relations.get(state.relation, 0), _mask(library, state)
    bearing = [library.textures_with(tag) for tag in state.tags]
    if state.order is Sort.NEWEST:
        if is_rare(library, state) and min(bearing) < told:
            return False
        looks_us = _TOLD_LOOK_US + _LOOK_US * len(bearing)
        return told * (_TOLD_US + _LOOK_US * len(bearing)) < _reached(mask, library.total) * looks_us
    walked = min(library.total, SHOWN / _share(mask))
    if not bearing:
        return told * _FETCHED_US < walked * _TOLD_LOOK_US
    # In the order of a tag only those that have it are looked at.
    return told * _TOLD_TAGS_US < walked * bearing[0] / max(library.total, 1) * _LOOK_US


def _mask(library: Library, state: GalleryState) -> npt.NDArray[np.bool_]:
    return library.sample.having(state.tags, state.min_confidence, state.findings, state.relation)


def _share(mask: npt.NDArray[np.bool_]) -> float:
    return max(int(mask.sum()), 0.5) / max(len(mask), 1)


def _reached(mask: npt.NDArray[np.bool_], total: int) -> float:
    """Return how many textures stand before a page of the mask's is full, the newest first."""
    hits, wanted = np.flatnonzero(mask), max(1, round(SHOWN * len(mask) / max(total, 1)))
    last = int(hits[wanted - 1]) + 1 if len(hits) >= wanted else len(mask)
    return total * last / max(len(mask), 1)

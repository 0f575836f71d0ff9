"""The same texture in other assets, in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from consumer.gateway.page.facets import in_words
from consumer.gateway.page.state import texture_url
from consumer.storage.tables.duplicates.relations import RelatedAsset

MOST_SHOWN: Final = 60
_IDENTICAL: Final = "identical"
_HOW: Final = {
    "mip-of": "as a level of its mip chain",
    "alpha-differs": "with another alpha channel",
}


@dataclass(frozen=True, slots=True)
class Again:
    """One other asset, and what one is of the other."""

    asset_id: str
    url: str
    relation: str


def again(found: Iterable[RelatedAsset]) -> list[Again]:
    return [Again(item.asset_id, texture_url(item.asset_id), relation_in_words(item)) for item in found]


def relation_in_words(item: RelatedAsset) -> str:
    """Return what one is of the other, of a relation of a newer version by its name."""
    if item.relation == _IDENTICAL:
        return "the same pixels"
    how = _HOW.get(item.relation, in_words(item.relation))
    return f"this is it {how}" if item.said_of == "this" else f"it is this {how}"

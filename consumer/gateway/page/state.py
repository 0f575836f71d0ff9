"""What a gallery shows, as its address says it: whoever is sent the address sees the same."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from urllib.parse import quote, urlencode

from starlette.datastructures import QueryParams

from consumer.gateway.refusals import RefusedError
from consumer.storage.tables.gallery import Place, Sort

MAX_TAGS: Final = 8
_MAX_WORDS: Final = 200
_MAX_ID: Final = 512
_MAX_TAG: Final = 128
_OFFSET_DIGITS: Final = 6
# What a smallint holds.
_MOST_FAULTS: Final = 32_767


@dataclass(frozen=True, slots=True)
class GalleryState:
    """``words`` and ``like`` (an asset's id) order the gallery by what fits best; ``after`` is the page to show.

    ``relation``: what the textures are of others, or others of them.
    """

    tags: tuple[str, ...] = ()
    min_confidence: float = 0.0
    sort: Sort | None = None
    words: str = ""
    like: str = ""
    after: str = ""
    findings: tuple[str, ...] = ()
    relation: str = ""

    @property
    def filters(self) -> tuple[str, ...]:
        """Return the names of all that was chosen of the facets."""
        return (*self.tags, *self.findings, *([self.relation] if self.relation else []))

    @property
    def order(self) -> Sort:
        """Return the order that counts where none was chosen: with a tag, the surest first."""
        return self.sort or (Sort.SUREST if self.tags else Sort.NEWEST)

    @property
    def is_ranked(self) -> bool:
        return bool(self.words or self.like)

    @property
    def url(self) -> str:
        """Return the address of this state; equal states have equal addresses."""
        fields: list[tuple[str, str]] = []
        if self.words:
            fields.append(("q", self.words))
        if self.like:
            fields.append(("like", self.like))
        fields += [("tag", tag) for tag in self.tags]
        fields += [("finding", name) for name in self.findings]
        if self.relation:
            fields.append(("relation", self.relation))
        if self.min_confidence:
            fields.append(("min", f"{self.min_confidence:g}"))
        if self.sort:
            fields.append(("sort", self.sort.value))
        if self.after:
            fields.append(("after", self.after))
        return f"/?{urlencode(fields)}" if fields else "/"

    def toggled(self, tag: str) -> GalleryState:
        """Return the first page with the tag asked for, or without it where it was."""
        tags = tuple(name for name in self.tags if name != tag) if tag in self.tags else (*self.tags, tag)
        return replace(self, tags=tags, after="")

    def toggled_finding(self, name: str) -> GalleryState:
        """Return the first page with the finding asked for, or without it where it was."""
        others = tuple(other for other in self.findings if other != name)
        return replace(self, findings=others if name in self.findings else (*others, name), after="")

    def toggled_relation(self, name: str) -> GalleryState:
        """Return the first page with this relation asked for and no other, or without it where it was."""
        return replace(self, relation="" if name == self.relation else name, after="")

    def sorted_by(self, sort: Sort) -> GalleryState:
        return replace(self, sort=sort, after="")

    def beyond(self, place: Place) -> GalleryState:
        """Return the next page."""
        value = place.value.isoformat() if isinstance(place.value, datetime) else repr(place.value)
        return replace(self, after=f"{value} {place.asset_id}")

    def after_results(self, count: int) -> GalleryState:
        """Return the next page of a search, behind so many results more."""
        return replace(self, after=str(self.offset() + count))

    def offset(self) -> int:
        """Return how many results of a search were shown before; raises RefusedError for what is no such number."""
        if not self.after:
            return 0
        if not (self.after.isascii() and self.after.isdigit() and len(self.after) <= _OFFSET_DIGITS):
            raise RefusedError(422, "after is not a page of this search: go back to its first page")
        return int(self.after)

    def without_words(self) -> GalleryState:
        return replace(self, words="", like="", after="")

    def place(self) -> Place | None:
        """Return where the page before ended; raises RefusedError for what is no page of this order."""
        if not self.after:
            return None
        text, _, asset_id = self.after.partition(" ")
        try:
            value = datetime.fromisoformat(text) if self.order is Sort.NEWEST else float(text)
        except ValueError:
            value = math.nan
        most = _MOST_FAULTS if self.order is Sort.MOST_FINDINGS else 1
        aware = value.tzinfo is not None if isinstance(value, datetime) else 0 <= value <= most
        if not aware or not asset_id:
            raise RefusedError(422, "after is not a page of this gallery: go back to its first page")
        return Place(value, asset_id)


def gallery_state(parameters: QueryParams) -> GalleryState:
    """Read the address; what cannot be meant is left out rather than refused, as it comes from a person."""
    tags = _storable(parameters.getlist("tag"), _MAX_TAG)
    sort = parameters.get("sort", "")
    return GalleryState(
        tags=tuple(dict.fromkeys(tags))[:MAX_TAGS],
        findings=tuple(dict.fromkeys(_storable(parameters.getlist("finding"), _MAX_TAG)))[:MAX_TAGS],
        relation=_first(_storable([parameters.get("relation", "")], _MAX_TAG)),
        min_confidence=_confidence(parameters.get("min", "")),
        sort=Sort(sort) if sort in list(Sort) else None,
        words=_first(_storable([" ".join(parameters.get("q", "").split())], _MAX_WORDS)),
        like=_first(_storable([parameters.get("like", "")], _MAX_ID)),
        after=_first(_storable([parameters.get("after", "")], _MAX_ID + 64)),
    )


def texture_url(asset_id: str) -> str:
    """Return the address of a texture's page."""
    # A segment of dots would be taken for a step up by the browser.
    return "/textures/" + "/".join(
        part.replace(".", "%2E") if part in {".", ".."} else quote(part, safe="") for part in asset_id.split("/")
    )


def _confidence(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return 0.0
    # The steps of the slider, which the counts know exactly.
    return round(min(1.0, max(0.0, value)) * 20) / 20 if math.isfinite(value) else 0.0


def _storable(texts: Sequence[str], most_characters: int) -> list[str]:
    """Leave out what no stored text can be."""
    return [text for text in texts if text and "\x00" not in text and len(text) <= most_characters and _is_text(text)]


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _first(texts: Sequence[str]) -> str:
    return texts[0] if texts else ""

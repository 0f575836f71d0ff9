"""The gallery: thumbnails, facets beside them, and where each link leads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from consumer.gateway.page.facets import FacetKeeper, category_rank, facets, in_words, rarest_first
from consumer.gateway.page.queue import agreement, review_queue
from consumer.gateway.page.ranking import SHOWN, Ranking
from consumer.gateway.page.state import GalleryState, texture_url
from consumer.gateway.page.thumbnails import SIDES
from consumer.storage.tables.facets import Library
from consumer.storage.tables.gallery import Card, GalleryQuery, Sort, cards, gallery_page
from consumer.storage.tables.reads import CurrentTag, TagReader
from consumer.tagging.bundle.bundle import Bundle
from consumer.tagging.bundle.teachable import Teachable

_CHIPS: Final = 3
# Reading all of so many costs as much as walking through a million textures until a page is full.
_RARE: Final = 8_000
_SORT_NAMES: Final = {
    Sort.NEWEST: "Newest",
    Sort.SUREST: "Surest",
    Sort.LEAST_SURE: "Least sure",
    Sort.REVIEW: "To review",
    Sort.MOST_FINDINGS: "Most findings",
}


@dataclass(frozen=True, slots=True)
class Chip:
    """A tag as it is shown: its confidence in whole percent, or a person's word."""

    name: str
    percent: int
    by_person: bool
    url: str


@dataclass(frozen=True, slots=True)
class Tile:
    """One texture of the grid; ``width`` and ``height`` are those of its thumbnail."""

    asset_id: str
    name: str
    folder: str
    url: str
    like_url: str
    picture: str
    width: int
    height: int
    size: str
    is_small: bool
    chips: tuple[Chip, ...]


class GalleryPages:
    """Answers galleries from the tables; every call raises RefusedError and DatabaseError."""

    def __init__(self, reader: TagReader, keeper: FacetKeeper, ranking: Ranking, bundle: Bundle) -> None:
        """``bundle``: what tags here, and may have learned of verdicts."""
        self._reader = reader
        self._keeper = keeper
        self._ranking = ranking
        self._teachable = Teachable.of(bundle)
        self._taught = bundle.calibration.taught if bundle.calibration else None

    async def context(self, state: GalleryState) -> dict[str, Any]:
        """Return what the template shows."""
        library = await self._keeper.library()
        shown = await self._shown(state, library)
        return {
            "state": state,
            "note": shown.note,
            "like_url": texture_url(state.like) if state.like else "",
            "tiles": [tile(card, state) for card in shown.cards],
            "next_url": shown.next_url,
            "facets": None if library is None else facets(library, state),
            "known": known_tags(library),
            "is_empty": library is not None and not library.total,
            "sorts": [(_SORT_NAMES[sort], state.sorted_by(sort).url, sort is state.order) for sort in Sort],
        }

    async def _shown(self, state: GalleryState, library: Library | None) -> _Shown:
        if state.is_ranked:
            ranked = await self._ranking(state)
            more = state.after_results(SHOWN).url if ranked.more else None
            return _Shown(ranked.cards, ranked.note, more)
        if state.order is Sort.REVIEW:
            queue = [] if library is None else review_queue(library, state.tags, SHOWN, state.findings)
            told = await agreement(self._reader, self._teachable)
            note = ". ".join(filter(None, ("What a verdict teaches most", told.sentence, told.gain(self._taught))))
            return _Shown(await cards(self._reader, queue), note)
        places = await gallery_page(
            self._reader,
            GalleryQuery(
                rarest_first(library, state.tags),
                state.min_confidence,
                state.order,
                SHOWN,
                state.place(),
                is_rare=_is_rare(library, state),
                findings=state.findings,
            ),
        )
        found = await cards(self._reader, [place.asset_id for place in places])
        return _Shown(found, "", state.beyond(places[-1]).url if len(places) == SHOWN else None)


@dataclass(frozen=True, slots=True)
class _Shown:
    """The textures of a page, what they are where that is not the whole library, and where the next page is."""

    cards: Sequence[Card]
    note: str
    next_url: str | None = None


def known_tags(library: Library | None) -> list[tuple[str, str]]:
    """Return the category and the name of every tag that a texture has."""
    return [] if library is None else sorted(library.steps)


def tile(card: Card, state: GalleryState) -> Tile:
    """Return a texture of the grid."""
    folder, _, name = card.asset_id.rpartition("/")
    width, height = fitted(card.width, card.height, SIDES[0])
    return Tile(
        asset_id=card.asset_id,
        name=name or card.asset_id,
        folder=folder,
        url=texture_url(card.asset_id),
        like_url=GalleryState(like=card.asset_id).url,
        picture=picture_url(card.sha256, SIDES[0]),
        width=width,
        height=height,
        size=f"{card.width} × {card.height}",  # noqa: RUF001 - the sign of multiplication
        is_small=max(card.width, card.height) <= 128,
        chips=chips(card.tags, state),
    )


def chips(tags: Sequence[CurrentTag], state: GalleryState) -> tuple[Chip, ...]:
    """Return the tags that say most of a texture: those asked for, then the surest of each category in its order."""
    sure = [tag for tag in tags if tag.confidence >= state.min_confidence]
    asked = [tag for tag in sure if tag.tag in state.tags]
    best: dict[str, CurrentTag] = {}
    for tag in sure:
        best.setdefault(tag.category, tag)
    others = sorted(best.values(), key=lambda tag: category_rank(tag.category))
    chosen = list({(tag.category, tag.tag): tag for tag in (*asked, *others)}.values())[:_CHIPS]
    return tuple(
        Chip(
            in_words(tag.tag),
            round(tag.confidence * 100),
            tag.source == "human",
            replace(state, tags=(tag.tag,), words="", like="", after="").url,
        )
        for tag in chosen
    )


def fitted(width: int, height: int, side: int) -> tuple[int, int]:
    """Return the size of a picture's thumbnail."""
    factor = min(1.0, side / max(width, height))
    return max(1, round(width * factor)), max(1, round(height * factor))


def picture_url(sha256: str | None, side: int) -> str:
    """Return the address of a thumbnail; empty for a texture whose content nobody hashed."""
    return f"/thumbs/{side}/{sha256}.webp" if sha256 else ""


def _is_rare(library: Library | None, state: GalleryState) -> bool:
    if library is None or not state.tags:
        return False
    return min(map(library.textures_with, state.tags)) <= _RARE

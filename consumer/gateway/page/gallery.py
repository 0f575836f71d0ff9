"""The gallery: thumbnails, facets beside them, and where each link leads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from consumer.gateway.page.facets import FacetKeeper, category_rank, facets, in_words, rarest_first
from consumer.gateway.page.leading import is_rare, is_told_rarely
from consumer.gateway.page.queue import agreement, review_queue
from consumer.gateway.page.ranking import SHOWN, Ranking
from consumer.gateway.page.state import GalleryState, texture_url
from consumer.gateway.page.thumbnails import SIDES
from consumer.storage.tables.facets import Library
from consumer.storage.tables.gallery import Card, GalleryQuery, Sort, cards, gallery_page
from consumer.storage.tables.reads import CurrentTag, TagReader
from consumer.storage.tables.search.filters import SearchFilter
from consumer.tagging.bundle.bundle import Bundle
from consumer.tagging.bundle.teachable import Teachable

_CHIPS: Final = 3
_HOW_TO_REVIEW: Final = "Open one and confirm ✓ or reject ✕ its tags, or select several here."
_SORT_NAMES: Final = {
    Sort.NEWEST: "Newest",
    Sort.SUREST: "Surest",
    Sort.LEAST_SURE: "Least sure",
    Sort.REVIEW: "To review",
    Sort.MOST_FINDINGS: "Most findings",
}


@dataclass(frozen=True, slots=True)
class Chip:
    """A tag as it is shown: its confidence in whole percent, or a person's word; a finding has no percent."""

    name: str
    percent: int | None
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
            "advice": shown.advice,
            "meant": shown.meant,
            "meant_url": replace(state, words=shown.meant, after="").url,
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
            return _Shown(ranked.cards, ranked.note, more, ranked.advice, ranked.meant)
        if state.order is Sort.REVIEW:
            queue = [] if library is None else review_queue(library, state.tags, SHOWN, state.findings, state.relation)
            told = await agreement(self._reader, self._teachable)
            note = ". ".join(filter(None, ("What a verdict teaches most", told.sentence, told.gain(self._taught))))
            return _Shown(await cards(self._reader, queue), note, advice=_HOW_TO_REVIEW if queue else "")
        places = await gallery_page(
            self._reader,
            GalleryQuery(
                rarest_first(library, state.tags),
                state.min_confidence,
                state.order,
                SHOWN,
                state.place(),
                is_rare=is_rare(library, state),
                where=SearchFilter(findings=state.findings, relation=state.relation or None),
                is_told_rarely=is_told_rarely(library, state),
            ),
        )
        found = await cards(self._reader, [place.asset_id for place in places])
        note = "Textures with findings, those with most first" if state.order is Sort.MOST_FINDINGS and found else ""
        return _Shown(found, note, state.beyond(places[-1]).url if len(places) == SHOWN else None)


@dataclass(frozen=True, slots=True)
class _Shown:
    """The textures of a page, what they are where that is not the whole library, and where the next page is.

    ``advice``: what to do here, or what may be misspelt; ``meant``: the words that were meant, empty for none.
    """

    cards: Sequence[Card]
    note: str
    next_url: str | None = None
    advice: str = ""
    meant: str = ""


def known_tags(library: Library | None) -> list[tuple[str, str]]:
    """Return the category and the name of every tag that a texture has."""
    return [] if library is None else sorted(library.steps)


def tile(card: Card, state: GalleryState) -> Tile:
    """Return a texture of the grid."""
    folder = card.asset_id.rpartition("/")[0]
    width, height = fitted(card.width, card.height, SIDES[0])
    return Tile(
        asset_id=card.asset_id,
        name=shown_name(card.asset_id),
        folder=folder,
        url=texture_url(card.asset_id),
        like_url=GalleryState(like=card.asset_id).url,
        picture=picture_url(card.sha256, SIDES[0]),
        width=width,
        height=height,
        size=f"{card.width} × {card.height}",  # noqa: RUF001 - the sign of multiplication
        is_small=max(card.width, card.height) <= 128,
        chips=chips(card, state),
    )


def shown_name(asset_id: str) -> str:
    """Return the name of a texture's file; of a numbered frame as much of its path as has a word."""
    parts = asset_id.split("/")
    for at in range(len(parts) - 1, -1, -1):
        name = parts[at] if at < len(parts) - 1 else parts[at].rpartition(".")[0] or parts[at]
        if any(letter.isalpha() for letter in name):
            return "/".join(parts[at:])
    return asset_id


def chips(card: Card, state: GalleryState) -> tuple[Chip, ...]:
    """Return what says most of a texture: tags that were asked for, then the surest of each category in its order.

    Where findings were asked for, they come first.
    """
    told = card.finding_names if state.findings or state.order is Sort.MOST_FINDINGS else ()
    wrong = (Chip(name, None, False, replace(state, findings=(name,), after="").url) for name in told)
    return tuple([*wrong, *_tag_chips(card.tags, state)][:_CHIPS])


def _tag_chips(tags: Sequence[CurrentTag], state: GalleryState) -> list[Chip]:
    sure = [tag for tag in tags if tag.confidence >= state.min_confidence]
    asked = [tag for tag in sure if tag.tag in state.tags]
    best: dict[str, CurrentTag] = {}
    for tag in sure:
        best.setdefault(tag.category, tag)
    others = sorted(best.values(), key=lambda tag: category_rank(tag.category))
    chosen = {(tag.category, tag.tag): tag for tag in (*asked, *others)}.values()
    return [
        Chip(
            in_words(tag.tag),
            round(tag.confidence * 100),
            tag.source == "human",
            replace(state, tags=(tag.tag,), words="", like="", after="").url,
        )
        for tag in chosen
    ]


def fitted(width: int, height: int, side: int) -> tuple[int, int]:
    """Return the size of a picture's thumbnail."""
    factor = min(1.0, side / max(width, height))
    return max(1, round(width * factor)), max(1, round(height * factor))


def picture_url(sha256: str | None, side: int) -> str:
    """Return the address of a thumbnail; empty for a texture whose content nobody hashed."""
    return f"/thumbs/{side}/{sha256}.webp" if sha256 else ""
